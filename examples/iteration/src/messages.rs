//! Messages of a WebSocket: the end, an error and silence are three things.

use futures_util::stream::{Stream, StreamExt as _};
use withal::runtime::Runtime;
use withal::stream::{Idle, idle_timeout};
use withal::{ExitReason, HandOver, Scope, for_each, generator, with};

use crate::stand_in::net::{self, End, Host};
use crate::stand_in::websocket::{Client, Message, Server};
use crate::{Error, Setting};

/// A WebSocket, as a scope: connected in `enter`, hung up in `exit`.
#[derive(Debug)]
pub struct WebSocket<R> {
    host: Host<R>,
}

impl<R: Runtime> WebSocket<R> {
    /// A connection with `host`, to be entered.
    pub fn new(host: &Host<R>) -> Self {
        Self { host: host.clone() }
    }
}

impl<R: Runtime> Scope for WebSocket<R> {
    type Resource = Client;
    type Error = Error;
    type OnDrop = HandOver;

    async fn enter(&mut self) -> Result<Client, Error> {
        let end = self.host.connect().await?;
        self.host.setting().print(format_args!("+socket"));
        Ok(Client::new(end))
    }

    async fn exit(self, socket: Client, _: ExitReason<'_>) -> Result<(), Error> {
        let on = self.host.setting();
        on.tick().await;
        drop(socket);
        on.print(format_args!("-socket"));
        Ok(())
    }
}

// Row S1.5.
/// The texts that come, without what else comes, until the server closes.
///
/// What the server does wrong is an item, and the last one: it is not taken for the end.
pub fn read_messages(socket: &mut Client) -> impl Stream<Item = Result<String, Error>> {
    generator(async move |y| {
        while let Some(message) = socket.receive().await? {
            if let Message::Text(text) = message {
                y.yield_(text).await;
            }
        }
        Ok(())
    })
}

/// How a server ends the conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Farewell {
    /// It says that it closes.
    Close,
    /// It sends what is no frame.
    Rubbish,
    /// It hangs up without a word.
    HangUp,
}

/// A server that sends two texts, other data, a pause of ten ticks, another text, and then ends as
/// told. It takes one connection.
pub fn chat<R: Runtime>(on: &Setting<R>, farewell: Farewell) -> Host<R> {
    let (host, listener) = net::listen(on);
    let server = on.clone();
    drop(on.rt.spawn(async move {
        if let Some(end) = listener.accept().await {
            // A client that hangs up ends it.
            let _hung_up = talk(&server, end, farewell).await;
        }
    }));
    host
}

async fn talk<R: Runtime>(on: &Setting<R>, end: End, farewell: Farewell) -> Result<(), Error> {
    let server = Server::new(end);
    let text = |text: &str| Message::Text(text.to_owned());
    server.send(&text("hello")).await?;
    server.send(&Message::Binary(vec![0; 200])).await?;
    server.send(&text(&"long ".repeat(40))).await?;
    on.rt.sleep(10 * on.tick).await;
    server.send(&text("still there?")).await?;
    match farewell {
        Farewell::Close => server.close().await?,
        Farewell::Rubbish => server.send_rubbish().await?,
        Farewell::HangUp => {}
    }
    Ok(())
}

/// What came of a conversation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Heard {
    /// How many texts came.
    pub texts: usize,
    /// How often there was silence.
    pub silences: usize,
}

// Row S4.7.
/// Listens until the server closes. Silence of four ticks is noticed, and listening goes on; an
/// error is an error.
///
/// # Cancel safety
///
/// Dropped, it hangs up.
///
/// # Errors
///
/// Of the network, or if the server does not keep to the protocol: after it has hung up.
pub async fn listen<R: Runtime>(on: &Setting<R>, host: &Host<R>) -> Result<Heard, Error> {
    let mut heard = Heard::default();
    with(&on.rt, WebSocket::new(host), async |socket| {
        let messages = idle_timeout(&on.rt, 4 * on.tick, read_messages(socket));
        for_each(messages, async |message| {
            match message {
                Ok(text) => {
                    heard.texts += 1;
                    on.print(format_args!("{}", text?.trim_end()));
                }
                Err(Idle { .. }) => {
                    heard.silences += 1;
                    on.print(format_args!("(silence)"));
                }
            }
            Ok::<_, Error>(())
        })
        .await
    })
    .await?;
    Ok(heard)
}

/// Listens to three servers, which end in different ways.
///
/// # Cancel safety
///
/// As [`listen`].
pub async fn run<R: Runtime>(on: &Setting<R>) -> Vec<Result<Heard, Error>> {
    let farewells = [Farewell::Close, Farewell::Rubbish, Farewell::HangUp];
    let listened = futures_util::stream::iter(farewells).then(async |farewell| {
        let heard = listen(on, &chat(on, farewell)).await;
        match &heard {
            Ok(heard) => on.print(format_args!("the end, after {} texts", heard.texts)),
            Err(error) => on.print(format_args!("an error: {error}")),
        }
        heard
    });
    listened.collect().await
}
