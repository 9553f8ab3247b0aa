//! The terminal, and that it is given back as it was: at the end, on a panic, on a signal.

use std::io::{self, BufWriter, Stdout, Write as _};
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::cursor::Show;
use crossterm::event::{DisableBracketedPaste, DisableFocusChange, EnableBracketedPaste, EnableFocusChange};
use crossterm::terminal::{
    BeginSynchronizedUpdate, DisableLineWrap, EnableLineWrap, EndSynchronizedUpdate, EnterAlternateScreen,
    LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use crossterm::{execute, queue};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::buffer::Buffer;
use ratatui::layout::Size;

use crate::tui::state::App;
use crate::tui::steady::{self, SteadyBackend};
use crate::tui::view;

/// Bytes of one frame that go out in one write.
const FRAME_BYTES: usize = 64 * 1024;

/// Whether the terminal is ours at the moment.
static TAKEN: AtomicBool = AtomicBool::new(false);
/// Whether some thread panicked while it was.
static PANICKED: AtomicBool = AtomicBool::new(false);

/// The terminal while it is ours.
pub struct Screen {
    terminal: Terminal<SteadyBackend<BufWriter<Stdout>>>,
    previous: Buffer,
}

impl Screen {
    /// Takes the terminal. Dropping the screen gives it back.
    ///
    /// # Errors
    /// When it is not a terminal, or refuses.
    pub fn take() -> io::Result<Self> {
        give_back_on_panic();
        enable_raw_mode()?;
        TAKEN.store(true, Ordering::SeqCst);
        let modes =
            execute!(io::stdout(), EnterAlternateScreen, DisableLineWrap, EnableBracketedPaste, EnableFocusChange);
        let terminal = modes.and_then(|()| {
            let out = BufWriter::with_capacity(FRAME_BYTES, io::stdout());
            Terminal::new(SteadyBackend(CrosstermBackend::new(out)))
        });
        match terminal {
            Ok(terminal) => Ok(Self { terminal, previous: Buffer::default() }),
            Err(error) => {
                give_back();
                Err(error)
            }
        }
    }

    /// How large it is.
    ///
    /// # Errors
    /// When the terminal does not say.
    pub fn size(&self) -> io::Result<Size> {
        self.terminal.size()
    }

    /// Draws the state. The terminal shows the frame at once, not piece by piece.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn draw(&mut self, app: &App) -> io::Result<()> {
        queue!(self.terminal.backend_mut().0, BeginSynchronizedUpdate)?;
        let previous = &mut self.previous;
        self.terminal.draw(|frame| {
            view::draw(app, frame);
            let next = frame.buffer_mut();
            let drawn = next.clone();
            steady::mark(previous, next);
            *previous = drawn;
        })?;
        execute!(self.terminal.backend_mut().0, EndSynchronizedUpdate)
    }

    /// Rings the bell.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn ring(&mut self) -> io::Result<()> {
        let out = &mut self.terminal.backend_mut().0;
        out.write_all(b"\x07")?;
        io::Write::flush(out)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
    }
}

/// Whether some thread panicked and the terminal was given back: there is nothing to draw on any more.
#[must_use]
pub fn has_panicked() -> bool {
    PANICKED.load(Ordering::SeqCst)
}

fn give_back() {
    if TAKEN.swap(false, Ordering::SeqCst) {
        // If the terminal is gone there is nobody to be told.
        let _ = execute!(
            io::stdout(),
            DisableFocusChange,
            DisableBracketedPaste,
            EnableLineWrap,
            LeaveAlternateScreen,
            Show
        );
        let _ = disable_raw_mode();
    }
}

/// The message of a panic belongs on a terminal that people can read.
fn give_back_on_panic() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if TAKEN.load(Ordering::SeqCst) {
                PANICKED.store(true, Ordering::SeqCst);
                give_back();
            }
            before(panic);
        }));
    });
}
