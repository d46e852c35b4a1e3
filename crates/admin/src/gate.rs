//! What every request passes: who calls, and whether it is a call at all.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::request::Parts;
use http::{Method, Request, Response, StatusCode, Version, header};
use http_body::Frame;
use http_body_util::{BodyStream, Full, StreamBody};
use tokio::sync::OwnedSemaphorePermit;
use tonic::Status;
use tonic::body::Body;
use tower::{Layer, Service};

use crate::access::{Needs, Role, Takes, Tokens, needs, takes};
use crate::api::Api;
use crate::incoming::Caller;
use crate::metrics;

/// Longest piece in which an answer leaves.
const PIECE_BYTES: usize = 16 * 1024;

/// Puts a [`Gate`] before the services.
#[derive(Clone, Debug)]
pub(crate) struct GateLayer {
    pub(crate) tokens: Option<Arc<Tokens>>,
    pub(crate) api: Api,
}

impl<S> Layer<S> for GateLayer {
    type Service = Gate<S>;

    fn layer(&self, inner: S) -> Gate<S> {
        Gate { inner, layer: self.clone() }
    }
}

/// Lets calls through that may pass, and answers `GET /metrics`.
#[derive(Clone, Debug)]
pub(crate) struct Gate<S> {
    inner: S,
    layer: GateLayer,
}

impl<S> Service<Request<Body>> for Gate<S>
where
    S: Service<Request<Body>, Response = Response<Body>>,
    S::Future: Send + 'static,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let calls = is_call(&request);
        if calls && request.version() != Version::HTTP_2 {
            return Box::pin(async { Ok(old_version()) });
        }
        let places = match self.layer.check(&request).and_then(|()| self.layer.places(&request)) {
            Ok(places) => places,
            Err(status) => return Box::pin(async move { Ok(if calls { status.into_http() } else { plain(&status) }) }),
        };
        if calls {
            let answer = self.inner.call(request);
            return Box::pin(async move { Ok(holding(answer.await?, places)) });
        }
        let api = self.layer.api.clone();
        let (head, _) = request.into_parts();
        Box::pin(async move { Ok(holding(page(&api, &head).await, places)) })
    }
}

impl GateLayer {
    /// What the request takes up until its answer is taken: a place among those of its connection, and one among all.
    fn places(&self, request: &Request<Body>) -> Result<Vec<OwnedSemaphorePermit>, Status> {
        match takes(request.uri().path()) {
            Takes::Answer => {
                let own =
                    request.extensions().get::<Caller>().map(|caller| Arc::clone(&caller.answers).try_acquire_owned());
                let full = "too many answers wait to be taken on this connection; read them first";
                let own = own.transpose().map_err(|_| Status::resource_exhausted(full))?;
                Ok(own.into_iter().chain([self.api.answer()?]).collect())
            }
            Takes::Watcher => self.api.watcher().map(|place| vec![place]),
            Takes::Nothing => Ok(Vec::new()),
        }
    }

    /// Whoever calls must be allowed to by the token, where tokens are asked for, and by the certificate, where those are.
    fn check(&self, request: &Request<Body>) -> Result<(), Status> {
        let path = request.uri().path();
        let Needs::Role(needed) = needs(path) else { return Ok(()) };
        let caller = request.extensions().get::<Caller>();
        let shown = caller.map(Caller::to_string).unwrap_or_default();
        if let Some(tokens) = &self.tokens {
            let Some(role) = bearer(request).and_then(|token| tokens.role(token)) else {
                tracing::warn!("admin call of {shown} without a known token refused");
                return Err(Status::unauthenticated(
                    "send a token of slotmesh-admin-token-file: 'authorization: Bearer TOKEN'",
                ));
            };
            if role < needed {
                let reason = "this call changes something: it needs a token of the role 'admin'";
                return Err(Status::permission_denied(reason));
            }
        }
        if let Some(holder) = caller.and_then(|caller| caller.holder.as_ref())
            && holder.role < needed
        {
            let names = holder.names.join(", ");
            return Err(Status::permission_denied(format!(
                "this call changes something: it needs a certificate with a name of slotmesh-admin-tls-admins; yours has \
                 the DNS names and URIs: {}",
                if names.is_empty() { "none" } else { &names }
            )));
        }
        if needed == Role::Admin {
            tracing::info!("admin call {path} of {shown}");
        }
        Ok(())
    }
}

/// Keeps places until the answer is taken, or given up. It leaves in pieces: the next is asked for when the one before has left,
/// whereas of a whole message all that the reader has no room for would lie in the connection, and the places be free.
fn holding(response: Response<Body>, places: Vec<OwnedSemaphorePermit>) -> Response<Body> {
    if places.is_empty() {
        return response;
    }
    response.map(|body| {
        let frames = BodyStream::new(body).flat_map(move |frame| {
            let _held = &places;
            stream::iter(pieces(frame))
        });
        Body::new(StreamBody::new(frames))
    })
}

fn pieces(frame: Result<Frame<Bytes>, Status>) -> Vec<Result<Frame<Bytes>, Status>> {
    let data = match frame.map(Frame::into_data) {
        Ok(Ok(data)) => data,
        Ok(Err(trailers)) => return vec![Ok(trailers)],
        Err(status) => return vec![Err(status)],
    };
    let ends = (0..data.len()).step_by(PIECE_BYTES).map(|start| start..data.len().min(start + PIECE_BYTES));
    ends.map(|range| Ok(Frame::data(data.slice(range)))).collect()
}

/// Browsers speak HTTP/1 to a plain port: a page whose name leads to this machine can't make calls, whatever it sends.
fn old_version() -> Response<Body> {
    text(StatusCode::HTTP_VERSION_NOT_SUPPORTED, "text/plain", "gRPC calls come by HTTP/2\n".into())
}

fn bearer(request: &Request<Body>) -> Option<&str> {
    let value = request.headers().get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn is_call(request: &Request<Body>) -> bool {
    let kind = request.headers().get(header::CONTENT_TYPE);
    kind.is_some_and(|kind| kind.as_bytes().starts_with(b"application/grpc"))
}

/// What is no call: metrics, or a mistake.
async fn page(api: &Api, request: &Parts) -> Response<Body> {
    if request.uri.path() != "/metrics" {
        return text(StatusCode::NOT_FOUND, "text/plain", "this port serves gRPC calls and /metrics\n".into());
    }
    if ![Method::GET, Method::HEAD].contains(&request.method) {
        return text(StatusCode::METHOD_NOT_ALLOWED, "text/plain", "GET /metrics\n".into());
    }
    text(StatusCode::OK, metrics::CONTENT_TYPE, metrics::page(api).await)
}

fn plain(status: &Status) -> Response<Body> {
    let code = match status.code() {
        tonic::Code::PermissionDenied => StatusCode::FORBIDDEN,
        tonic::Code::ResourceExhausted => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::UNAUTHORIZED,
    };
    let mut response = text(code, "text/plain", format!("{}\n", status.message()));
    if code == StatusCode::UNAUTHORIZED {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, header::HeaderValue::from_static("Bearer"));
    }
    response
}

fn text(code: StatusCode, kind: &'static str, body: String) -> Response<Body> {
    let mut response = Response::new(Body::new(Full::from(body)));
    *response.status_mut() = code;
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static(kind));
    response
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;
    use tokio::sync::Semaphore;

    use super::*;

    #[tokio::test]
    async fn places_are_held_until_the_last_piece_is_asked_for() {
        let places = Arc::new(Semaphore::new(1));
        let taken = vec![Arc::clone(&places).try_acquire_owned().expect("it is free")];
        let long = vec![7; 2 * PIECE_BYTES + 1];
        let mut body = holding(Response::new(Body::new(Full::from(long.clone()))), taken).into_body();
        let mut read = Vec::new();
        while let Some(frame) = body.frame().await {
            assert_eq!(places.available_permits(), 0);
            let data = frame.expect("no error").into_data().expect("data");
            assert!(data.len() <= PIECE_BYTES);
            read.extend_from_slice(&data);
        }
        assert!(read == long);
        drop(body);
        assert_eq!(places.available_permits(), 1);
    }
}
