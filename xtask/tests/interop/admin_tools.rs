//! Tools of others at our ports: a gRPC client in Python, which knows the API by reflection only, and the exporter that
//! Debian ships.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use anyhow::{Result, ensure};
use xtask::rack::{Kind, wait};

use crate::admin::start_with_api;
use crate::packages;
use crate::turn::{PATIENCE, Turn};

/// Packages of the Python client, installed beside the real servers.
const PACKAGES: [&str; 2] = ["grpcio==1.85.1", "grpcio-reflection==1.85.1"];

/// Asks by reflection what there is, then meets a node and watches it join.
const SCRIPT: &str = r#"
import sys, grpc
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

admin, port = sys.argv[1], int(sys.argv[2])
channel = grpc.insecure_channel("127.0.0.1:" + admin)
database = ProtoReflectionDescriptorDatabase(channel)
pool = DescriptorPool(database)
assert "slotmesh.admin.v1.MembershipService" in database.get_services(), database.get_services()

def method(service, name):
    found = pool.FindServiceByName("slotmesh.admin.v1." + service).FindMethodByName(name)
    request, response = GetMessageClass(found.input_type), GetMessageClass(found.output_type)
    make = channel.unary_stream if name.startswith("Watch") else channel.unary_unary
    path = "/slotmesh.admin.v1." + service + "/" + name
    return request, make(path, request.SerializeToString, response.FromString)

request, watch = method("TopologyService", "WatchTopology")
updates = watch(request(), timeout=60)
assert next(updates).HasField("snapshot")
request, meet = method("MembershipService", "Meet")
wish = request(host="127.0.0.1", port=port)
wish.wait.seconds = 10
met = meet(wish, timeout=30)
assert met.outcome == 2, met
for update in updates:
    if any(node.id == met.node_id and node.connected for node in update.delta.changed):
        print("joined", met.node_id)
        break
"#;

#[test]
fn a_python_client_meets_and_watches_by_reflection_alone() {
    let Some(turn) = Turn::take() else { return };
    let python = match packages::python(&PACKAGES, "grpc_reflection.v1alpha") {
        Ok(python) => python,
        Err(reason) => return eprintln!("skipped: no gRPC for Python: {reason:#}"),
    };
    let (_ours, admin) = start_with_api(&turn);
    let other = turn.rack.start(&[Kind::Slotmesh], &[]).unwrap().remove(0);
    let mut command = Command::new(python);
    command.args(["-c", SCRIPT, &admin.to_string(), &other.port().to_string()]).stdin(Stdio::null());
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(said.trim(), format!("joined {}", other.id().unwrap()));
}

struct Exporter(Child);

impl Drop for Exporter {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn debians_exporter_reads_the_cluster_from_our_node() {
    let Some(turn) = Turn::take() else { return };
    let port = turn.rack.free_port().unwrap();
    let (ours, _) = start_with_api(&turn);
    ours.call(&["CLUSTER", "ADDSLOTSRANGE", "0", "16383"]).unwrap();
    let mut command = Command::new("prometheus-redis-exporter");
    command
        .args(["-redis.addr", &format!("redis://127.0.0.1:{}", ours.port())])
        .args(["-web.listen-address", &format!("127.0.0.1:{port}")])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let Ok(child) = command.spawn() else {
        return eprintln!(
            "skipped: there is no prometheus-redis-exporter (Debian: apt-get install prometheus-redis-exporter)"
        );
    };
    let _exporter = Exporter(child);
    let wanted =
        ["redis_up 1", "redis_cluster_enabled 1", "redis_cluster_state 1", "redis_cluster_slots_assigned 16384"];
    wait::until("the exporter's page", PATIENCE, || {
        let page = get(port)?;
        for line in wanted {
            ensure!(page.lines().any(|other| other == line), "no {line} in {page}");
        }
        ensure!(page.contains("redis_instance_info{"), "{page}");
        Ok(())
    })
    .unwrap();
}

fn get(port: u16) -> Result<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.write_all(b"GET /metrics HTTP/1.0\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}
