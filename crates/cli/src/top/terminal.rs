//! The terminal, taken as long as we draw.

use std::io::{self, IsTerminal, Stdout, Write};
use std::thread;

use anyhow::{Context, Result};
use crossterm::cursor::{Hide, MoveTo, Show};
use crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use crossterm::style::{Attribute, Color, Print, ResetColor, SetAttribute, SetForegroundColor};
use crossterm::terminal::{
    Clear, ClearType, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode, size,
};
use crossterm::{execute, queue};
use tokio::sync::mpsc;

use super::frame::{Frame, Tone};

/// What somebody at the keyboard wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    Quit,
    /// So many lines down, or up.
    Scroll(isize),
    /// The screen has another size now.
    Redraw,
}

/// A screen of our own; the one before is shown again when this is dropped.
pub(super) struct Terminal {
    out: Stdout,
}

impl Terminal {
    /// Whether somebody looks at our output and types our input.
    pub(super) fn is_there() -> bool {
        io::stdout().is_terminal() && io::stdin().is_terminal()
    }

    /// Takes the screen, and reads keys on a thread of its own.
    ///
    /// # Errors
    /// The terminal can't do it.
    pub(super) fn take() -> Result<(Self, mpsc::UnboundedReceiver<Key>)> {
        enable_raw_mode().context("the terminal can't be taken")?;
        let mut terminal = Self { out: io::stdout() };
        execute!(terminal.out, EnterAlternateScreen, Hide).context("the terminal can't be taken")?;
        let (sender, keys) = mpsc::unbounded_channel();
        // It ends with the process: nothing can wake it while nobody types.
        thread::Builder::new().name("keys".into()).spawn(move || {
            while let Ok(event) = event::read() {
                if key_of(&event).is_some_and(|key| sender.send(key).is_err()) {
                    return;
                }
            }
        })?;
        Ok((terminal, keys))
    }

    /// Draws everything anew.
    ///
    /// # Errors
    /// The terminal is gone.
    pub(super) fn draw(&mut self, frame: &mut Frame) -> Result<()> {
        let (width, height) = size()?;
        for (row, line) in frame.lines(usize::from(height)).into_iter().enumerate() {
            let Ok(row) = u16::try_from(row) else { break };
            queue!(self.out, MoveTo(0, row))?;
            match line.tone {
                Tone::Plain => {}
                Tone::Head => queue!(self.out, SetAttribute(Attribute::Reverse))?,
                Tone::Bad => queue!(self.out, SetForegroundColor(Color::Red))?,
            }
            // Nodes may say anything of themselves: nothing but text goes to the terminal.
            let text = line.text.chars().filter(|character| !character.is_control()).take(usize::from(width));
            queue!(self.out, Print(text.collect::<String>()), SetAttribute(Attribute::Reset), ResetColor)?;
            queue!(self.out, Clear(ClearType::UntilNewLine))?;
        }
        queue!(self.out, Clear(ClearType::FromCursorDown))?;
        self.out.flush()?;
        Ok(())
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // There is nothing to do about a terminal that is gone.
        let _ = execute!(self.out, Show, LeaveAlternateScreen);
        let _ = disable_raw_mode();
    }
}

fn key_of(event: &Event) -> Option<Key> {
    const PAGE: isize = 20;
    match event {
        Event::Resize(..) => Some(Key::Redraw),
        Event::Key(KeyEvent { code, modifiers, kind: KeyEventKind::Press, .. }) => match code {
            KeyCode::Char('c') if modifiers.contains(KeyModifiers::CONTROL) => Some(Key::Quit),
            KeyCode::Char('q') | KeyCode::Esc => Some(Key::Quit),
            KeyCode::Down => Some(Key::Scroll(1)),
            KeyCode::Up => Some(Key::Scroll(-1)),
            KeyCode::PageDown => Some(Key::Scroll(PAGE)),
            KeyCode::PageUp => Some(Key::Scroll(-PAGE)),
            KeyCode::Home => Some(Key::Scroll(isize::MIN)),
            KeyCode::End => Some(Key::Scroll(isize::MAX)),
            _ => None,
        },
        _ => None,
    }
}
