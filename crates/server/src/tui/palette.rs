//! The colours: few, quiet, and readable on dark and on light. Without colours everything is still told apart.

use ratatui::style::{Color, Modifier, Style};

use crate::cli::printer::{Paint, colour_of};

/// The accent: unread, focus, read ticks.
const ACCENT: Color = Color::Indexed(31);
/// What failed.
const ALARM: Color = Color::Indexed(160);
/// What is fine.
const CALM: Color = Color::Indexed(35);
/// What should be looked at.
const CARE: Color = Color::Indexed(136);

/// The styles of one run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Palette(pub Paint);

impl Palette {
    fn coloured(self, colour: Color) -> Style {
        match self.0 {
            Paint::Coloured => Style::new().fg(colour),
            Paint::Plain => Style::new(),
        }
    }

    /// Texts.
    #[must_use]
    pub fn plain(self) -> Style {
        Style::new()
    }

    /// Times, previews, hints.
    #[must_use]
    pub fn dim(self) -> Style {
        Style::new().add_modifier(Modifier::DIM)
    }

    /// Titles.
    #[must_use]
    pub fn bold(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    /// Lines between things.
    #[must_use]
    pub fn rule(self) -> Style {
        self.dim()
    }

    /// What is new or has the focus.
    #[must_use]
    pub fn accent(self) -> Style {
        self.coloured(ACCENT).add_modifier(Modifier::BOLD)
    }

    /// A number on a ground: unread.
    #[must_use]
    pub fn badge(self) -> Style {
        self.coloured(ACCENT).add_modifier(Modifier::REVERSED | Modifier::BOLD)
    }

    /// Where the cursor stands in a list.
    #[must_use]
    pub fn cursor(self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }

    /// What is open while the cursor is elsewhere.
    #[must_use]
    pub fn open(self) -> Style {
        self.coloured(ACCENT).add_modifier(Modifier::BOLD)
    }

    /// What failed.
    #[must_use]
    pub fn alarm(self) -> Style {
        self.coloured(ALARM)
    }

    /// What is fine.
    #[must_use]
    pub fn calm(self) -> Style {
        self.coloured(CALM)
    }

    /// What should be looked at.
    #[must_use]
    pub fn care(self) -> Style {
        self.coloured(CARE)
    }

    /// Others have read it.
    #[must_use]
    pub fn read(self) -> Style {
        self.coloured(ACCENT)
    }

    /// The name of a person, always the same colour.
    #[must_use]
    pub fn person(self, user: &str) -> Style {
        self.coloured(Color::Indexed(colour_of(user))).add_modifier(Modifier::BOLD)
    }
}
