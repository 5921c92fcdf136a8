//! A host that answers over HTTP, and ways to get there.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::vec;

use bytes::Bytes;
use futures_util::stream::{self, Iter};
use http_body_util::StreamBody;
use hyper::body::{Frame, Incoming};
use hyper::rt::{Read, Write};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use smol_hyper::rt::FuturesIo;

/// Serves whoever connects on this machine, on threads of its own, until it is dropped.
#[derive(Debug)]
pub struct Host {
    address: SocketAddr,
    _serves: smol::Task<()>,
}

impl Host {
    /// Opens the host, at a port that is free.
    ///
    /// # Errors
    ///
    /// If there is none.
    pub fn open() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let listener = smol::Async::new(listener)?;
        let serves = smol::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                smol::spawn(serve(FuturesIo::new(stream))).detach();
            }
        });
        Ok(Self {
            address,
            _serves: serves,
        })
    }

    /// Where it is.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

/// Answers over one connection, until the client hangs up.
///
/// # Cancel safety
///
/// Dropped, it hangs up.
pub async fn serve<S: Read + Write + Unpin + Send + 'static>(stream: S) {
    let serving = http1::Builder::new().serve_connection(stream, service_fn(answer));
    // A client that hangs up is no error of the host.
    let _hung_up = serving.await;
}

type Body = StreamBody<Iter<vec::IntoIter<Result<Frame<Bytes>, Infallible>>>>;

async fn answer(request: Request<Incoming>) -> Result<Response<Body>, Infallible> {
    let pieces: &[&str] = match request.uri().path() {
        "/" => &[
            r#"{"users": "/users", "#,
            r#""poem": "/poem", "about": "a stand-in"}"#,
        ],
        "/users/7" => &[r#"{"id": 7, "#, r#""name": "Ann"}"#],
        "/poem" => &[
            "who has seen the wind\n",
            "neither you nor I\n",
            "but when\n",
        ],
        "/broken" => &["who has\n", "\n", "seen the wind\n"],
        _ => &[],
    };
    let frames: Vec<_> = pieces
        .iter()
        .map(|piece| Ok(Frame::data(Bytes::from_static(piece.as_bytes()))))
        .collect();
    let mut response = Response::new(StreamBody::new(stream::iter(frames)));
    if pieces.is_empty() {
        *response.status_mut() = StatusCode::NOT_FOUND;
    }
    Ok(response)
}

/// A way to get to the host. Bytes are all that depends on the runtime.
pub trait Connect: Clone + Send + Sync + 'static {
    /// What bytes go through.
    type Stream: Read + Write + Unpin + Send + 'static;

    /// Connects.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it has not connected.
    ///
    /// # Errors
    ///
    /// If nobody is there.
    fn connect(&self) -> impl Future<Output = io::Result<Self::Stream>> + Send;
}

/// TCP by Tokio.
#[derive(Clone, Copy, Debug)]
pub struct TokioTcp(pub SocketAddr);

impl Connect for TokioTcp {
    type Stream = TokioIo<tokio::net::TcpStream>;

    async fn connect(&self) -> io::Result<Self::Stream> {
        tokio::net::TcpStream::connect(self.0)
            .await
            .map(TokioIo::new)
    }
}

/// TCP by smol.
#[derive(Clone, Copy, Debug)]
pub struct SmolTcp(pub SocketAddr);

impl Connect for SmolTcp {
    type Stream = FuturesIo<smol::net::TcpStream>;

    async fn connect(&self) -> io::Result<Self::Stream> {
        smol::net::TcpStream::connect(self.0)
            .await
            .map(FuturesIo::new)
    }
}

/// TCP by async-std.
#[derive(Clone, Copy, Debug)]
pub struct AsyncStdTcp(pub SocketAddr);

impl Connect for AsyncStdTcp {
    type Stream = FuturesIo<async_std::net::TcpStream>;

    async fn connect(&self) -> io::Result<Self::Stream> {
        async_std::net::TcpStream::connect(self.0)
            .await
            .map(FuturesIo::new)
    }
}
