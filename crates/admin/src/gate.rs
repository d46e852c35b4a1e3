//! What every request passes: who calls, and whether it is a call at all.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::request::Parts;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::Full;
use tonic::Status;
use tonic::body::Body;
use tower::{Layer, Service};

use crate::access::{Needs, Role, Tokens, needs};
use crate::api::Api;
use crate::incoming::Caller;
use crate::metrics;

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
        if let Err(status) = self.layer.check(&request) {
            return Box::pin(async move { Ok(if calls { status.into_http() } else { plain(&status) }) });
        }
        if calls {
            return Box::pin(self.inner.call(request));
        }
        let api = self.layer.api.clone();
        let (head, _) = request.into_parts();
        Box::pin(async move { Ok(page(&api, &head).await) })
    }
}

impl GateLayer {
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
    let code =
        if status.code() == tonic::Code::PermissionDenied { StatusCode::FORBIDDEN } else { StatusCode::UNAUTHORIZED };
    let mut response = text(code, "text/plain", format!("{}\n", status.message()));
    response.headers_mut().insert(header::WWW_AUTHENTICATE, header::HeaderValue::from_static("Bearer"));
    response
}

fn text(code: StatusCode, kind: &'static str, body: String) -> Response<Body> {
    let mut response = Response::new(Body::new(Full::from(body)));
    *response.status_mut() = code;
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static(kind));
    response
}
