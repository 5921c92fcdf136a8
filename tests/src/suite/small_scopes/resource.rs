//! A resource that closes itself, as a library would write it: a goodbye within a limit, and the release
//! whatever becomes of that.

use std::future::pending;
use std::time::Duration;

use withal::runtime::Runtime;
use withal::scope::ExitError;
use withal::{Elapsed, ExitReason, HandOver, Scope, ScopeError, timeout, with};

use super::drop_entered;
use crate::foreign::{OnDrop, gives_up};
use crate::poll::yields;
use crate::probe::Failed;
use crate::{Deterministic, Log};

const LIMIT: Duration = Duration::from_secs(1);

/// What the other side makes of a goodbye.
#[derive(Clone, Copy, Debug)]
enum Peer {
    Answers,
    Refuses,
    Hangs,
}

/// The connection itself: a plain drop releases it.
struct Socket {
    peer: Peer,
    log: Log,
    _released: OnDrop<Box<dyn FnOnce() + Send>>,
}

impl Socket {
    async fn goodbye(&mut self) -> Result<(), NotGraceful> {
        self.log.push("goodbye");
        match self.peer {
            Peer::Answers => yields(1).await,
            Peer::Refuses => return Err(NotGraceful::Refused),
            Peer::Hangs => pending().await,
        }
        Ok(())
    }
}

/// It is closed all the same.
#[derive(Debug, PartialEq, Eq)]
enum NotGraceful {
    Refused,
    Late(Elapsed),
}

#[derive(Debug, PartialEq, Eq)]
struct Closed;

/// A session that says goodbye.
struct Session<R> {
    rt: R,
    socket: Option<Socket>,
}

impl<R: Runtime> Session<R> {
    fn open(rt: &R, log: &Log, peer: Peer) -> Self {
        let (rt, released) = (rt.clone(), log.clone());
        let release: Box<dyn FnOnce() + Send> = Box::new(move || released.push("released"));
        let socket = Socket {
            peer,
            log: log.clone(),
            _released: OnDrop::new(release),
        };
        Self {
            rt,
            socket: Some(socket),
        }
    }

    fn send(&mut self, text: &str) -> Result<(), Closed> {
        let socket = self.socket.as_mut().ok_or(Closed)?;
        socket.log.push(text);
        Ok(())
    }

    /// Once it is called, the session is closed: the socket goes with this future, however it ends.
    async fn close(&mut self) -> Result<(), NotGraceful> {
        let Some(mut socket) = self.socket.take() else {
            return Ok(());
        };
        let said = timeout(&self.rt, LIMIT, socket.goodbye()).await;
        said.unwrap_or_else(|late| Err(NotGraceful::Late(late)))
    }
}

/// The scope around a session.
struct Connect<R>(R, Log, Peer);

impl<R: Runtime> Scope for Connect<R> {
    type Resource = Session<R>;
    type Error = NotGraceful;
    type OnDrop = HandOver;

    async fn enter(&mut self) -> Result<Session<R>, NotGraceful> {
        Ok(Session::open(&self.0, &self.1, self.2))
    }

    async fn exit(self, mut session: Session<R>, _: ExitReason<'_>) -> Result<(), NotGraceful> {
        session.close().await
    }
}

// SM-15
pub async fn a_resource_is_released_however_its_goodbye_ends(real: &impl Runtime) {
    let rt = Deterministic::new();
    for peer in [Peer::Answers, Peer::Refuses, Peer::Hangs] {
        let log = Log::new();
        let connect = Connect(rt.clone(), log.clone(), peer);
        let ended = rt.block_on(with(&rt, connect, async |session| {
            session.send("hello").unwrap();
            Ok::<_, Failed>(7)
        }));
        log.assert("hello goodbye released");
        match (peer, ended) {
            (Peer::Answers, Ok(7)) => {}
            (Peer::Refuses, Err(ScopeError::Exit { error, value: 7 })) => {
                assert_eq!(error, ExitError::Failed(NotGraceful::Refused));
            }
            (Peer::Hangs, Err(ScopeError::Exit { error, value: 7 })) => {
                let late = matches!(error, ExitError::Failed(NotGraceful::Late(_)));
                assert!(late, "{error:?}");
            }
            (peer, ended) => panic!("{peer:?}: {ended:?}"),
        }
    }
    // Dropped by foreign code, in its body and in its goodbye.
    let log = Log::new();
    drop_entered(with(
        real,
        Connect(real.clone(), log.clone(), Peer::Answers),
        async |_| pending::<Result<(), Failed>>().await,
    ));
    log.seen(real, "released").await;
    log.assert("goodbye released");
    let log = Log::new();
    let mut session = Session::open(&rt, &log, Peer::Hangs);
    assert!(gives_up(1, session.close()).await.is_none());
    log.assert("goodbye released");
    assert_eq!(session.close().await, Ok(()));
}

// SM-15, A-8
pub async fn a_resource_that_is_closed_says_so(rt: &impl Runtime) {
    let log = Log::new();
    let connect = Connect(rt.clone(), log.clone(), Peer::Answers);
    let ended = with(rt, connect, async |session| {
        session.send("hello").unwrap();
        session.close().await.unwrap();
        assert_eq!(session.send("still there?"), Err(Closed));
        session.close().await.unwrap();
        Ok::<_, Failed>(())
    });
    ended.await.unwrap();
    log.assert("hello goodbye released");
}
