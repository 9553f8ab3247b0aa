//! Which rows of a timeline are seen. What is seen hangs on the item at the bottom, so that it does not jump when older
//! messages come above it or newer ones below.

use ratatui::text::Line;
use stonechat_client::state::ItemKey;

use crate::tui::rows::Rows;

/// The row at the bottom of the window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Anchor {
    /// The newest, whatever comes.
    #[default]
    Bottom,
    /// One of this item.
    Item {
        /// The item.
        key: ItemKey,
        /// How many of its rows are below the window.
        below: usize,
    },
}

/// What is seen.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Seen {
    /// The rows, from the top; fewer than the window has when there are no more.
    pub rows: Vec<Line<'static>>,
    /// The first item that is seen.
    pub first: usize,
    /// Whether rows of it are above the window.
    pub first_is_cut: bool,
    /// The last item that is seen.
    pub last: usize,
}

/// A place in a timeline: an item, and how many of its rows are below.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    index: usize,
    below: usize,
}

/// What is seen through a window of a height.
#[must_use]
pub fn seen(rows: &Rows<'_>, anchor: Anchor, height: usize) -> Seen {
    let Some(place) = place(rows, anchor) else { return Seen::default() };
    let mut upwards: Vec<Line<'static>> = Vec::with_capacity(height);
    let (mut index, mut cut) = (place.index, false);
    for at in (0..=place.index).rev() {
        let below = if at == place.index { place.below } else { 0 };
        let mut item = rows.rows(at);
        item.truncate(item.len().saturating_sub(below).max(1));
        let room = height - upwards.len();
        index = at;
        cut = item.len() > room;
        upwards.extend(item.into_iter().rev().take(room));
        if upwards.len() == height {
            break;
        }
    }
    upwards.reverse();
    Seen { rows: upwards, first: index, first_is_cut: cut, last: place.index }
}

/// The anchor after scrolling up by so many rows. It stops where the first row is at the top.
#[must_use]
pub fn up(rows: &Rows<'_>, anchor: Anchor, height: usize, by: usize) -> Anchor {
    let Some(from) = place(rows, anchor) else { return Anchor::Bottom };
    let (moved, _) = climb(rows, from, by);
    // Between the first row and this one there have to be enough to fill the window.
    let (_, missing) = climb(rows, moved, height.saturating_sub(1));
    anchor_at(rows, descend(rows, moved, missing))
}

/// The anchor after scrolling down by so many rows.
#[must_use]
pub fn down(rows: &Rows<'_>, anchor: Anchor, by: usize) -> Anchor {
    match place(rows, anchor) {
        Some(from) => anchor_at(rows, descend(rows, from, by)),
        None => Anchor::Bottom,
    }
}

/// The anchor with which an item is wholly seen, as near as can be.
#[must_use]
pub fn reveal(rows: &Rows<'_>, anchor: Anchor, height: usize, index: usize) -> Anchor {
    let mut anchor = anchor;
    for _ in 0..rows.items().len().saturating_add(height) {
        let now = seen(rows, anchor, height);
        let above = index < now.first || (index == now.first && now.first_is_cut);
        let next = match anchor {
            _ if above && index < now.last => up(rows, anchor, height, 1),
            Anchor::Item { below, .. } if index > now.last || (index == now.last && below > 0) => down(rows, anchor, 1),
            _ => return anchor,
        };
        if next == anchor {
            return anchor;
        }
        anchor = next;
    }
    anchor
}

fn place(rows: &Rows<'_>, anchor: Anchor) -> Option<Place> {
    let last = rows.items().len().checked_sub(1)?;
    match anchor {
        Anchor::Bottom => Some(Place { index: last, below: 0 }),
        Anchor::Item { key, below } => match rows.items().iter().rposition(|item| item.key == key) {
            Some(index) => Some(Place { index, below: below.min(rows.height(index).saturating_sub(1)) }),
            None => Some(Place { index: last, below: 0 }),
        },
    }
}

fn anchor_at(rows: &Rows<'_>, place: Place) -> Anchor {
    let is_last = place.index + 1 == rows.items().len() && place.below == 0;
    match rows.items().get(place.index) {
        Some(item) if !is_last => Anchor::Item { key: item.key, below: place.below },
        _ => Anchor::Bottom,
    }
}

/// Goes up by rows; says how many were missing at the top.
fn climb(rows: &Rows<'_>, from: Place, by: usize) -> (Place, usize) {
    let (mut at, mut left) = (from, by);
    loop {
        let above = rows.height(at.index).saturating_sub(1 + at.below);
        if left <= above {
            return (Place { below: at.below + left, ..at }, 0);
        }
        if at.index == 0 {
            return (Place { below: at.below + above, ..at }, left - above);
        }
        left -= above + 1;
        at = Place { index: at.index - 1, below: 0 };
    }
}

/// Goes down by rows, to the last at most.
fn descend(rows: &Rows<'_>, from: Place, by: usize) -> Place {
    let (mut at, mut left) = (from, by);
    loop {
        if left <= at.below {
            return Place { below: at.below - left, ..at };
        }
        if at.index + 1 >= rows.items().len() {
            return Place { below: 0, ..at };
        }
        left -= at.below + 1;
        let index = at.index + 1;
        at = Place { index, below: rows.height(index).saturating_sub(1) };
    }
}
