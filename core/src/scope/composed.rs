//! Types that are scopes by one method, which composes others.

use core::fmt::{self, Debug};
use core::future::Future;

use super::closure::{Ended, Lend, ScopeFn, scope_fn};
#[cfg(feature = "std")]
use super::closure::{LocalScopeFn, scope_fn_local};
use super::manager::Scope;
#[cfg(feature = "std")]
use super::manager::{Local, LocalScope};
use super::on_drop::HandOver;
use super::reason::ExitReason;

macro_rules! composed {
    (
        $(#[$doc:meta])*
        trait $Compose:ident, $into:ident -> $Into:ty, $make:expr;
        $(#[$type_doc:meta])*
        struct $Composed:ident: $Scope:ident by $ScopeFn:ident, $scope_fn:ident $(, $Send:ident)?
    ) => {
        $(#[$doc])*
        pub trait $Compose: Sized $(+ $Send)? + 'static {
            /// What it lends.
            type Resource $(: $Send)?;

            /// What can go wrong in setting up and tearing down.
            type Error: Debug $(+ $Send)? + 'static;

            /// Sets up, lends once, and tears down: the closure of [`scope_fn`](super::scope_fn()).
            ///
            /// # Errors
            ///
            /// Before the lending that of the scope's enter, behind it that of its exit.
            fn hold(
                self,
                lend: Lend<Self::Resource>,
            ) -> impl Future<Output = Result<Ended, Self::Error>> $(+ $Send)?;

            /// The scope, to be run by [`with`](super::with()).
            fn $into(self) -> $Into {
                $make($Composed { composing: Some(self), held: None })
            }
        }

        $(#[$type_doc])*
        #[must_use = "a scope does nothing unless it is entered"]
        pub struct $Composed<C: $Compose> {
            /// Until it is entered.
            composing: Option<C>,
            held: Option<$ScopeFn<C::Resource, C::Error>>,
        }

        impl<C: $Compose> $Scope for $Composed<C>
        where
            C::Resource: 'static,
        {
            type Resource = C::Resource;
            type Error = C::Error;
            type OnDrop = HandOver;

            async fn enter(&mut self) -> Result<C::Resource, C::Error> {
                let Some(composing) = self.composing.take() else {
                    panic!("a composed scope was entered twice, by a call of its hooks");
                };
                let held = self.held.insert($scope_fn(move |lend| composing.hold(lend)));
                $Scope::enter(held).await
            }

            async fn exit(
                self,
                resource: C::Resource,
                reason: ExitReason<'_>,
            ) -> Result<(), C::Error> {
                match self.held {
                    Some(held) => $Scope::exit(held, resource, reason).await,
                    None => panic!("a composed scope was exited before it was entered, by a call of its hooks"),
                }
            }
        }

        impl<C: $Compose> Debug for $Composed<C> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($Composed)).finish_non_exhaustive()
            }
        }
    };
}

composed! {
    /// A type that is a scope by one method, written like the closure of
    /// [`scope_fn`](super::scope_fn()): for a scope that is composed of others, with a name of its own
    /// in reports and signatures.
    ///
    /// The scope takes the value, so it is entered once.
    ///
    /// # Examples
    ///
    /// ```
    /// use withal_core::scope::{Compose, Ended, Lend, ScopeError};
    /// use withal_core::{runtime::NoExecutor, with};
    /// # use withal_core::scope::{Scope, scope_fn};
    /// # use std::io::Error;
    /// # fn listener() -> impl Scope<Resource = u16, Error = Error> + 'static {
    /// #     scope_fn(async |lend: Lend<u16>| Ok(lend.lend(80).await.1))
    /// # }
    /// # fn logger() -> impl Scope<Resource = (), Error = Error> + 'static {
    /// #     scope_fn(async |lend: Lend<()>| Ok(lend.lend(()).await.1))
    /// # }
    ///
    /// struct Server {
    ///     rt: NoExecutor,
    /// }
    ///
    /// impl Compose for Server {
    ///     type Resource = u16;
    ///     type Error = Error;
    ///
    ///     async fn hold(self, lend: Lend<u16>) -> Result<Ended, Error> {
    ///         let logged = with(&self.rt, logger(), async |()| {
    ///             let listening = with(&self.rt, listener(), async |port| {
    ///                 let (_, ended) = lend.lend(*port).await;
    ///                 Ok::<_, Error>(ended)
    ///             });
    ///             listening.await.map_err(Error::other)
    ///         });
    ///         logged.await.map_err(Error::other)
    ///     }
    /// }
    ///
    /// # futures_util::FutureExt::now_or_never(async {
    /// let rt = NoExecutor::new();
    /// let port = with(&rt, Server { rt }.into_scope(), async |port| Ok::<_, Error>(*port));
    /// assert_eq!(port.await?, 80);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # }).unwrap().unwrap();
    /// ```
    ///
    /// Source: `anyio.AsyncContextManagerMixin`.
    trait Compose, into_scope -> Composed<Self>, core::convert::identity;
    /// The scope of a type that [composes](Compose) it.
    struct Composed: Scope by ScopeFn, scope_fn, Send
}

#[cfg(feature = "std")]
composed! {
    /// [`Compose`] for what stays on its thread.
    ///
    /// # Examples
    ///
    /// ```
    /// # use core::convert::Infallible;
    /// use std::rc::Rc;
    /// use withal_core::scope::{Ended, Lend, LocalCompose};
    /// use withal_core::{runtime::NoExecutor, with};
    ///
    /// struct Shared(Rc<u32>);
    ///
    /// impl LocalCompose for Shared {
    ///     type Resource = Rc<u32>;
    ///     type Error = Infallible;
    ///
    ///     async fn hold(self, lend: Lend<Rc<u32>>) -> Result<Ended, Infallible> {
    ///         let (_, ended) = lend.lend(self.0.clone()).await;
    ///         Ok(ended)
    ///     }
    /// }
    ///
    /// # futures_util::FutureExt::now_or_never(async {
    /// let rt = NoExecutor::new();
    /// let users = with(&rt, Shared(Rc::new(1)).into_local_scope(), async |shared| {
    ///     Ok::<_, Infallible>(Rc::strong_count(shared))
    /// });
    /// assert_eq!(users.await.unwrap(), 2);
    /// # }).unwrap();
    /// ```
    trait LocalCompose, into_local_scope -> Local<LocalComposed<Self>>, Local;
    /// The scope of a type that [composes](LocalCompose) it.
    struct LocalComposed: LocalScope by LocalScopeFn, scope_fn_local
}
