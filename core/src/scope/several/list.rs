//! Arrays and vectors of scopes.

use alloc::boxed::Box;
use alloc::format;
use alloc::vec::Vec;
use core::future::Future;
use core::marker::PhantomData;
use core::panic::Location;
use core::pin::Pin;

use super::cell::{Cell, PinnedCell};
use super::error::Same;
use super::resources::Resources;
use super::row::{Elements, Row};
use crate::cleanup::scope_link::Bequest;
use crate::error_group::Origin;
use crate::pin::{each_pinned, pinned_slice};
use crate::runtime::Cleanup;
use crate::scope::exit::{ExitSlot, Why, slot};
use crate::scope::manager::Managed;

/// The cell of a scope in an array or a vector.
type ListCell<M, E, X> = Cell<
    M,
    <M as Managed>::Resource,
    E,
    <M as Managed>::Error,
    X,
    <M as Managed>::Kind,
    Same,
    <M as Managed>::Error,
>;

impl<M, const N: usize> Elements for [M; N]
where
    M: Managed,
    M::Error: Send + Sync + 'static,
{
    type Kind = M::Kind;
    type Resources = [M::Resource; N];
    type Error = M::Error;

    fn entering<R: Cleanup>(
        self,
        rt: &R,
    ) -> impl Row<M::Kind, M::Error, All = (Self, Self::Resources)> {
        let (location, convert) = (Location::caller(), PhantomData::<Same>);
        let mut cells = [const { None }; N];
        // A closure would not know its caller.
        for (cell, scope) in cells.iter_mut().zip(self) {
            let enter = scope.enter(rt);
            *cell = Some(Cell::entering(enter, location, slot(M::exit), convert));
        }
        cells.map(filled)
    }

    fn entered(
        self,
        resources: Self::Resources,
    ) -> impl Row<M::Kind, M::Error, All = (Self, Self::Resources)> {
        let convert = PhantomData::<Same>;
        let mut resources = resources.into_iter();
        self.map(|scope| Cell::entered(scope, filled(resources.next()), slot(M::exit), convert))
    }
}

fn filled<T>(element: Option<T>) -> T {
    match element {
        Some(element) => element,
        None => unreachable!("an array is as long as the other"),
    }
}

impl<M> Elements for Vec<M>
where
    M: Managed,
    M::Error: Send + Sync + 'static,
{
    type Kind = M::Kind;
    type Resources = Resources<M::Resource>;
    type Error = M::Error;

    fn entering<R: Cleanup>(
        self,
        rt: &R,
    ) -> impl Row<M::Kind, M::Error, All = (Self, Self::Resources)> {
        let (location, convert) = (Location::caller(), PhantomData::<Same>);
        let mut cells = Vec::with_capacity(self.len());
        // A closure would not know its caller.
        for scope in self {
            let enter = scope.enter(rt);
            cells.push(Cell::entering(enter, location, slot(M::exit), convert));
        }
        Boxed {
            cells: cells.into_boxed_slice().into(),
            _surplus: Box::default(),
        }
    }

    fn entered(
        self,
        resources: Self::Resources,
    ) -> impl Row<M::Kind, M::Error, All = (Self, Self::Resources)> {
        let (exit, convert) = (slot(M::exit), PhantomData::<Same>);
        let mut resources = resources.into_vec().into_iter();
        let cells = self.into_iter().map(|scope| match resources.next() {
            Some(resource) => Cell::entered(scope, resource, exit, convert),
            None => Cell::bereft(scope, exit, convert),
        });
        Boxed {
            cells: cells.collect::<Box<[_]>>().into(),
            _surplus: resources.collect(),
        }
    }
}

/// The cells of a vector.
struct Boxed<C, T> {
    cells: Pin<Box<[C]>>,
    /// What was swapped in from more scopes than there are here. It has nobody to exit it; dropped last,
    /// it keeps no exit from running if that panics.
    _surplus: Box<[T]>,
}

impl<M, E, X, const N: usize> Row<M::Kind, M::Error> for [ListCell<M, E, X>; N]
where
    M: Managed,
    M::Error: Send + Sync + 'static,
    E: Future<Output = Result<(M, M::Resource), M::Error>>,
    X: ExitSlot<M>,
{
    type All = ([M; N], [M::Resource; N]);

    fn len(&self) -> usize {
        N
    }

    fn cell(self: Pin<&mut Self>, index: usize) -> PinnedCell<'_, M::Kind, M::Error> {
        let cell: Pin<&mut ListCell<M, E, X>> = nth(pinned_slice(self), index);
        PinnedCell(cell)
    }

    fn leave<R: Cleanup>(
        self: Pin<&mut Self>,
        index: usize,
        why: Why,
        bequest: Bequest<'_, R, M::Kind>,
    ) {
        nth(pinned_slice(self), index).leave(why, bequest);
    }

    fn take(self: Pin<&mut Self>) -> Option<Self::All> {
        let mut resources = [const { None }; N];
        let mut scopes = [const { None }; N];
        let places = scopes.iter_mut().zip(&mut resources);
        for (cell, (scope, resource)) in each_pinned(pinned_slice(self)).zip(places) {
            (*scope, *resource) = cell.take().map(|(s, r)| (Some(s), Some(r)))?;
        }
        Some((scopes.map(filled), resources.map(filled)))
    }

    fn origin_of(index: usize, name: &'static str, origin: Origin) -> Origin {
        origin.named(format!("{name}[{index}]"))
    }
}

impl<M, E, X> Row<M::Kind, M::Error> for Boxed<ListCell<M, E, X>, M::Resource>
where
    M: Managed,
    M::Error: Send + Sync + 'static,
    E: Future<Output = Result<(M, M::Resource), M::Error>>,
    X: ExitSlot<M>,
{
    type All = (Vec<M>, Resources<M::Resource>);

    fn len(&self) -> usize {
        self.cells.len()
    }

    fn cell(self: Pin<&mut Self>, index: usize) -> PinnedCell<'_, M::Kind, M::Error> {
        let cell: Pin<&mut ListCell<M, E, X>> = nth(self.get_mut().cells.as_mut(), index);
        PinnedCell(cell)
    }

    fn leave<R: Cleanup>(
        self: Pin<&mut Self>,
        index: usize,
        why: Why,
        bequest: Bequest<'_, R, M::Kind>,
    ) {
        nth(self.get_mut().cells.as_mut(), index).leave(why, bequest);
    }

    fn take(self: Pin<&mut Self>) -> Option<Self::All> {
        let cells = self.get_mut().cells.as_mut();
        let mut scopes = Vec::with_capacity(cells.len());
        let mut resources = Vec::with_capacity(cells.len());
        for cell in each_pinned(cells) {
            let (scope, resource) = cell.take()?;
            scopes.push(scope);
            resources.push(resource);
        }
        Some((scopes, Resources::new(resources)))
    }

    fn origin_of(index: usize, name: &'static str, origin: Origin) -> Origin {
        origin.named(format!("{name}[{index}]"))
    }
}

fn nth<T>(cells: Pin<&mut [T]>, index: usize) -> Pin<&mut T> {
    match each_pinned(cells).nth(index) {
        Some(cell) => cell,
        None => unreachable!("there are no more scopes"),
    }
}
