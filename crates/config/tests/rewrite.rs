//! CONFIG REWRITE: what it writes is read back as it was.

use proptest::prelude::*;
use slotmesh_config::{Config, DIRECTIVES};

const OLD: &str = "cluster-enabled yes\n";

fn load(text: &str) -> Config {
    Config::load(&["x.conf".into()], &|_| Ok(text.to_owned())).expect(text)
}

fn written(name: &str, value: &str) -> String {
    let mut config = load(OLD);
    config.set(&[(name, value)]).expect("a value");
    let new = config.rewrite(OLD);
    assert_eq!(load(&new).get(name), config.get(name), "{new}");
    new
}

#[test]
fn words_stay_on_one_line() {
    let seeds = written("slotmesh-seeds", "10.0.0.1:7000\n10.0.0.2:7000\n");
    assert!(seeds.ends_with("\nslotmesh-seeds 10.0.0.1:7000 10.0.0.2:7000\n"), "{seeds}");
    let bind = written("bind", "127.0.0.1\n127.0.0.2");
    assert!(bind.ends_with("\nbind 127.0.0.1 127.0.0.2\n"), "{bind}");
    let made_up = written("oom-score-adj-values", "0\nport 1");
    assert_eq!(load(&made_up).port("port"), 6379, "{made_up}");
    written("oom-score-adj-values", "\"50");
    written("proc-title-template", "a \"b\" \\ \u{b} é");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn whatever_can_be_set_is_read_back(
        index in 0..DIRECTIVES.len(),
        value in "([ -~\n\r\t\u{b}\u{c}\u{1}é]{0,12}|[0-9]{1,3}|yes|no)",
    ) {
        let name = DIRECTIVES[index].name;
        let mut config = load(OLD);
        if config.set(&[(name, &value)]).is_ok() {
            let new = config.rewrite(OLD);
            let again = Config::load(&["x.conf".into()], &|_| Ok(new.clone()));
            prop_assert!(again.is_ok(), "{again:?}");
            let again = again.expect("a configuration");
            prop_assert_eq!(again.get(name), config.get(name));
        }
    }
}
