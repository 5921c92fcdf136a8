//! Functions that run in a scope: each call in one of its own.

use core::fmt::{self, Debug};
use core::future::Future;

use super::stage::{Stage, put};
use super::{Entered, Maker, With};
use crate::body::Body;
use crate::runtime::Cleanup;
use crate::scope::exit::{ExitSlot, slot};
use crate::scope::manager::Manager;
use crate::scope::policy::Plain;

/// An async closure or function that can be called with what a scope lends, and arguments: a
/// [`Body`] with two parameters. There is nothing to implement.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be called with what the scope lends, and arguments",
    label = "expected an async closure `async |resource, args| {{ … }}` or an `async fn` item"
)]
pub trait LendingBody<Q, A>: FnOnce(Q, A) -> <Self as LendingBody<Q, A>>::Fut {
    /// What the call gives.
    type Out;
    /// The future of the call.
    type Fut: Future<Output = Self::Out>;
}

#[diagnostic::do_not_recommend]
impl<Q, A, F, Fut> LendingBody<Q, A> for F
where
    F: FnOnce(Q, A) -> Fut,
    Fut: Future,
{
    type Out = Fut::Output;
    type Fut = Fut;
}

macro_rules! wrapped {
    (
        $(#[$doc:meta])*
        fn $wrapped:ident,
        $(#[$type_doc:meta])*
        struct $Wrapped:ident: $($of:lifetime)? $Body:ident<$($Resource:ty, with $Lent:ty)?>,
        |$resource:pat_param| $($argument:expr)?
    ) => {
        $(#[$doc])*
        pub fn $wrapped<R, G, M, F>(rt: &R, scopes: G, function: F) -> $Wrapped<R, G, F>
        where
            R: Cleanup,
            G: Fn() -> M,
            M: Manager,
        {
            $Wrapped {
                rt: rt.clone(),
                scopes,
                function,
            }
        }

        $(#[$type_doc])*
        #[must_use = "it does nothing unless it is called"]
        #[derive(Clone)]
        pub struct $Wrapped<R, G, F> {
            rt: R,
            scopes: G,
            function: F,
        }

        impl<R: Cleanup, G, F> $Wrapped<R, G, F> {
            /// Calls the function with `args` in a new scope: several arguments are a tuple.
            ///
            /// The scope is made now, and entered when the future is first polled.
            ///
            /// # Cancel safety, errors, panics
            ///
            /// As [`with`](crate::with).
            #[track_caller]
            pub fn call<'s, M, A, T, E>(
                &'s self,
                args: A,
            ) -> With<
                's,
                R,
                M,
                (F, A),
                <F as $Body<$($Lent,)? A>>::Fut,
                T,
                E,
                Plain,
                impl Future<Output = Entered<M>>,
                impl ExitSlot<M>,
            >
            where
                G: Fn() -> M,
                M: Manager,
                M::Resource: 's,
                F: $(for<$of>)? $Body<$($Resource,)? A, Out = Result<T, E>> + Clone,
                E: Debug + Send + Sync + 'static,
            {
                let make = Maker {
                    body: (self.function.clone(), args),
                    begin: |(function, args), $resource: &'s mut M::Resource, stage| {
                        put(stage, Stage::Body(function($($argument,)? args)));
                    },
                };
                With::new(&self.rt, (self.scopes)().enter(&self.rt), make, slot(M::exit))
            }
        }

        impl<R, G, F> Debug for $Wrapped<R, G, F> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($Wrapped)).finish_non_exhaustive()
            }
        }
    };
}

wrapped! {
    /// Wraps an async function, so that each call of it runs in a scope of its own, which `scopes`
    /// makes. The function does not see the scope's resource; for one that does there is
    /// [`wrapped_lending`].
    ///
    /// It may be called any number of times, also side by side and by itself. Each call has a clone of
    /// the function, which costs nothing for one that is a plain `async fn` or captures references.
    ///
    /// # Examples
    ///
    /// ```
    /// use withal_core::scope::{Lend, scope_fn, wrapped};
    /// use withal_core::runtime::NoExecutor;
    /// # use std::io::Error;
    ///
    /// async fn double(number: u32) -> Result<u32, Error> {
    ///     Ok(2 * number)
    /// }
    ///
    /// # futures_util::FutureExt::now_or_never(async {
    /// let logged = || {
    ///     scope_fn(async |lend: Lend<()>| {
    ///         let ((), ended) = lend.lend(()).await;
    ///         println!("{}", ended.kind());
    ///         Ok::<_, Error>(ended)
    ///     })
    /// };
    /// let double = wrapped(&NoExecutor::new(), logged, double);
    /// assert_eq!(double.call(4).await?, 8); // prints «completed»
    /// assert_eq!(double.call(5).await?, 10); // and again
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # }).unwrap().unwrap();
    /// ```
    ///
    /// Source: `contextlib.AsyncContextDecorator`; differs in that each call has a new scope, which
    /// there is so only for managers made of a generator.
    fn wrapped,
    /// The function that [`wrapped`] returns.
    struct Wrapped: Body<>,
    |_|
}

wrapped! {
    /// [`wrapped`], for a function whose first argument is what the scope lends.
    ///
    /// # Examples
    ///
    /// ```
    /// use withal_core::scope::{Lend, scope_fn, wrapped_lending};
    /// use withal_core::runtime::NoExecutor;
    /// # use std::io::Error;
    ///
    /// # futures_util::FutureExt::now_or_never(async {
    /// let connected = || {
    ///     scope_fn(async |lend: Lend<String>| {
    ///         let (connection, ended) = lend.lend(String::from("connection")).await;
    ///         println!("{connection}");
    ///         Ok::<_, Error>(ended)
    ///     })
    /// };
    /// let send = wrapped_lending(
    ///     &NoExecutor::new(),
    ///     connected,
    ///     async |connection: &mut String, (verb, path): (&str, &str)| {
    ///         connection.push_str(": ");
    ///         connection.push_str(verb);
    ///         Ok::<_, Error>(path.len())
    ///     },
    /// );
    /// assert_eq!(send.call(("get", "/")).await?, 1); // prints «connection: get»
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # }).unwrap().unwrap();
    /// ```
    fn wrapped_lending,
    /// The function that [`wrapped_lending`] returns.
    struct WrappedLending: 'a LendingBody<&'a mut M::Resource, with &'s mut M::Resource>,
    |resource| resource
}
