//! The picture of the README: the screen as SVG, so that it can never show what is not so.

use std::fmt::Write as _;

use ratatui::style::{Color, Modifier};

use super::screens::compare_file;
use super::*;

/// Pixels of a cell, and of the frame around all.
const CELL: (f64, f64) = (8.4, 18.0);
const MARGIN: f64 = 14.0;
const TITLE_BAR: f64 = 28.0;

const GROUND: &str = "#1b1e24";
const LETTERS: &str = "#d7dae0";

fn scene() -> App {
    let mut app = app_of(96, 30);
    app.palette = Palette(Paint::Coloured);
    let people = [("alice", "Alice Moreau"), ("bob", "Bob Okafor"), ("carol", "Carol Jensen"), ("mei", "梅 林")];
    update(&mut app, Msg::Names(people.map(|(id, name)| (user(id), name.to_owned())).to_vec()));
    let direct_with = |id: &str, title: &str| quiet(direct(id), title, Some(id));
    let list = vec![
        summary(direct_with("bob", "Bob Okafor"), 0, "bob", "see you at noon then", 1),
        summary(quiet(group(), "Launch 🚀", None), 3, "carol", "the checklist is done", 12),
        summary(direct_with("mei", "梅 林"), 1, "mei", "你好！周五的会议还是三点吗？", 45),
        summary(direct_with("omar", "عمر حداد"), 0, "alice", "thanks!", 60 * 20),
        summary(direct_with("carol", "Carol Jensen"), 0, "carol", "👍", 60 * 24 * 3),
    ];
    update(&mut app, Msg::Conversations(list.into_iter().map(Arc::new).collect()));
    update(&mut app, Msg::TotalUnread(4));
    let items = vec![
        start(),
        day(0, Date { year: 2026, month: 11, day: 27 }),
        said(11, "bob", "Morning! Did the nightly build go through?", 190),
        wrote(
            12,
            "It did, all green. I am writing the release notes now,\nand will send them around before lunch.",
            184,
            sent(),
            1,
        ),
        said(14, "bob", "Perfect. Lunch at the corner? They have soup today 🥣", 31),
        wrote(15, "yes!", 29, sent(), 1),
        marker(),
        said(19, "bob", "12:30?", 3),
        said(20, "bob", "see you at noon then", 1),
        wrote(21, "make it half past, the train is late", 0, SendState::Queued, 0),
    ];
    opened(&mut app, items);
    update(&mut app, Msg::Typing(direct("bob"), vec![user("bob")]));
    write(&mut app, "bring the laptop, I want to show you");
    app
}

#[test]
fn the_picture_of_the_readme_is_the_screen() {
    let app = scene();
    let mut terminal = Terminal::new(TestBackend::new(app.size.width, app.size.height)).unwrap();
    terminal.draw(|frame| view::draw(&app, frame)).unwrap();
    compare_file("picture.svg", &svg(terminal.backend().buffer()));
}

fn svg(buffer: &Buffer) -> String {
    let (columns, rows) = (f64::from(buffer.area.width), f64::from(buffer.area.height));
    let (width, height) = (columns * CELL.0 + 2.0 * MARGIN, rows * CELL.1 + 2.0 * MARGIN + TITLE_BAR);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" \
         viewBox=\"0 0 {width:.0} {height:.0}\" role=\"img\" aria-label=\"The terminal client of Stonechat\">\n\
         <rect width=\"100%\" height=\"100%\" rx=\"9\" fill=\"{GROUND}\"/>\n"
    );
    for (at, colour) in ["#e0625b", "#e0b25b", "#6bb35c"].iter().enumerate() {
        let x = MARGIN + 6.0 + 20.0 * f64::from(u8::try_from(at).unwrap());
        writeln!(svg, "<circle cx=\"{x}\" cy=\"18\" r=\"5.5\" fill=\"{colour}\"/>").unwrap();
    }
    let font = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace";
    writeln!(svg, "<g font-family=\"{font}\" font-size=\"14\" fill=\"{LETTERS}\">").unwrap();
    for y in 0..buffer.area.height {
        let mut x = 0;
        while x < buffer.area.width {
            let (from, style) = (x, buffer[(x, y)].style());
            let mut text = String::new();
            while x < buffer.area.width && buffer[(x, y)].style() == style {
                let cell = &buffer[(x, y)];
                text.push_str(cell.symbol());
                x += cell.cell_width().max(1);
            }
            run(&mut svg, &text, Run { x: from, y, cells: x - from, style });
        }
    }
    svg.push_str("</g>\n</svg>\n");
    svg
}

/// Cells of one style.
struct Run {
    x: u16,
    y: u16,
    cells: u16,
    style: ratatui::style::Style,
}

fn run(svg: &mut String, text: &str, run: Run) {
    let reversed = run.style.add_modifier.contains(Modifier::REVERSED);
    if text.trim().is_empty() && !reversed {
        return;
    }
    let spaces = u16::try_from(text.len() - text.trim_start_matches(' ').len()).unwrap();
    let (text, run) = match reversed {
        true => (text, run),
        false => (text.trim(), Run { x: run.x + spaces, ..run }),
    };
    let cells = if reversed { run.cells } else { u16::try_from(crate::tui::cells::width(text)).unwrap() };
    let (left, top) = (MARGIN + f64::from(run.x) * CELL.0, MARGIN + TITLE_BAR + f64::from(run.y) * CELL.1);
    let width = f64::from(cells) * CELL.0;
    let colour = match run.style.fg {
        Some(Color::Indexed(index)) => rgb(index),
        _ => LETTERS.to_owned(),
    };
    if reversed {
        writeln!(
            svg,
            "<rect x=\"{left:.1}\" y=\"{top:.1}\" width=\"{width:.1}\" height=\"{}\" fill=\"{colour}\"/>",
            CELL.1
        )
        .unwrap();
    }
    let ink = if reversed { GROUND.to_owned() } else { colour };
    let mut looks = format!("fill=\"{ink}\"");
    if run.style.add_modifier.contains(Modifier::BOLD) {
        looks.push_str(" font-weight=\"bold\"");
    }
    if run.style.add_modifier.contains(Modifier::DIM) {
        looks.push_str(" opacity=\"0.6\"");
    }
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    writeln!(
        svg,
        "<text x=\"{left:.1}\" y=\"{:.1}\" textLength=\"{width:.1}\" lengthAdjust=\"spacingAndGlyphs\" \
         xml:space=\"preserve\" {looks}>{text}</text>",
        top + 13.5
    )
    .unwrap();
}

/// A colour of the cube of 6 × 6 × 6 among the 256.
fn rgb(index: u8) -> String {
    let level = |step: u8| if step == 0 { 0 } else { 55 + 40 * u16::from(step) };
    let cube = index.saturating_sub(16);
    format!("#{:02x}{:02x}{:02x}", level(cube / 36), level(cube / 6 % 6), level(cube % 6))
}
