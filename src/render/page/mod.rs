//! A page for a browser: documents and pictures in one file that asks nobody for anything, and says so to the browser.

use sha2::{Digest as _, Sha256};

use super::{
    Doc, Picture, Text,
    html::{html, inline},
    markup::escaped,
    picture::Marking,
    svg,
};

/// The look of the page.
const STYLE: &str = include_str!("page.css");
/// What shows the note of what is chosen in a picture. Without it the browser goes there as it follows any link.
const SCRIPT: &str = include_str!("page.js");

/// A page, before it is written.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// What it is.
    pub title: String,
    /// What it consists of.
    pub chapters: Vec<Chapter>,
}

/// A part of a page that could stand for itself.
#[derive(Clone, Debug, Default)]
pub struct Chapter {
    /// What it is about.
    pub title: Text,
    /// What matters of it, in a word each.
    pub counts: Vec<(Weight, String)>,
    /// What it consists of.
    pub panels: Vec<Panel>,
}

/// A part of a chapter.
#[derive(Clone, Debug)]
pub enum Panel {
    /// A document, and how much it weighs.
    Doc(Weight, Doc),
    /// A picture.
    Sketch(Box<Sketch>),
}

/// How much something weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// Less than all else.
    Quiet,
    /// Nothing in particular.
    Plain,
    /// It is worth knowing.
    Notice,
    /// It is to be seen to.
    Warning,
    /// Nobody must overlook it.
    Danger,
}

/// A picture with what there is to say of what is in it.
#[derive(Clone, Debug)]
pub struct Sketch {
    /// The picture. Its marks lead to notes.
    pub picture: Picture,
    /// What each mark means.
    pub legend: Vec<(Marking, String)>,
    /// How to get at the notes.
    pub hint: String,
    /// What there is to say; one at a time is shown.
    pub notes: Vec<Note>,
}

/// What there is to say of something in a picture.
#[derive(Clone, Debug)]
pub struct Note {
    /// What leads to it: letters, digits and `-`, and the same nowhere else in the page.
    pub id: String,
    /// What it says.
    pub doc: Doc,
}

/// Writes a page.
pub fn page(page: &Page) -> String {
    let style = [STYLE, svg::STYLE].concat();
    // Only what is known here is run or looks like something; all else the browser refuses.
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
        base64(&Sha256::digest(&style)),
        base64(&Sha256::digest(SCRIPT)),
    );
    let mut out = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"referrer\" content=\"no-referrer\">\n\
         <title>{}</title>\n<style>{style}</style>\n</head>\n<body>\n",
        escaped(&page.title)
    );
    if page.chapters.len() > 1 {
        let link = |(at, it): (usize, &Chapter)| {
            format!("<li><a href=\"#chapter-{at}\">{}</a> {}</li>\n", inline(&it.title), counts(&it.counts))
        };
        let links: String = page.chapters.iter().enumerate().map(link).collect();
        out += &format!("<nav>\n<ul>\n{links}</ul>\n</nav>\n");
    }
    for (at, chapter) in page.chapters.iter().enumerate() {
        out += &self::chapter(at, chapter);
    }
    out + &format!("<script>{SCRIPT}</script>\n</body>\n</html>\n")
}

fn chapter(at: usize, chapter: &Chapter) -> String {
    let mut out = format!(
        "<main id=\"chapter-{at}\">\n<header>\n<h1>{}</h1>\n{}</header>\n",
        inline(&chapter.title),
        counts(&chapter.counts),
    );
    for (panel, it) in chapter.panels.iter().enumerate() {
        out += &match it {
            Panel::Doc(weight, doc) => {
                format!("<section class=\"{}\">\n{}</section>\n", class(*weight), html(doc))
            }
            Panel::Sketch(sketch) => self::sketch(&format!("picture-{at}-{panel}"), sketch),
        };
    }
    out + "</main>\n"
}

fn sketch(name: &str, sketch: &Sketch) -> String {
    let legend = |(marking, meaning): &(Marking, String)| {
        let (class, sign) = (marking.class(), marking.sign());
        format!("<li><span class=\"sign {class}\">{sign}</span> {}</li>\n", escaped(meaning))
    };
    let legend: String = sketch.legend.iter().map(legend).collect();
    let note = |it: &Note| {
        format!(
            "<article class=\"note\" id=\"{}\" tabindex=\"-1\">\n{}</article>\n",
            escaped(&it.id),
            html(&it.doc)
        )
    };
    let notes: String = sketch.notes.iter().map(note).collect();
    format!(
        "<section class=\"sketch\">\n<div class=\"wide\" tabindex=\"0\">\n{}</div>\n\
         <ul class=\"legend\">\n{legend}<li class=\"hint\">{}</li>\n</ul>\n\
         <div class=\"notes\" aria-live=\"polite\">\n{notes}</div>\n</section>\n",
        svg::inlined(&sketch.picture, name),
        escaped(&sketch.hint),
    )
}

fn counts(counts: &[(Weight, String)]) -> String {
    let count = |(weight, text): &(Weight, String)| {
        format!("<span class=\"count {}\">{}</span>\n", class(*weight), escaped(text))
    };
    counts.iter().map(count).collect()
}

fn class(weight: Weight) -> &'static str {
    match weight {
        Weight::Quiet => "quiet",
        Weight::Plain => "plain",
        Weight::Notice => "notice",
        Weight::Warning => "warning",
        Weight::Danger => "danger",
    }
}

/// Bytes as a text of letters, digits, `+` and `/`, filled up with `=`.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let group = |it: &[u8]| {
        let bits = (0..3).fold(0, |bits, at| bits << 8 | u32::from(it.get(at).copied().unwrap_or_default()));
        let letter = |at: usize| char::from(LETTERS[(bits >> (18 - 6 * at)) as usize & 63]);
        (0..4).map(|at| if at <= it.len() { letter(at) } else { '=' }).collect::<String>()
    };
    bytes.chunks(3).map(group).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_written_as_a_policy_has_them() {
        let written: Vec<String> =
            ["", "f", "fo", "foo", "foob"].iter().map(|it| base64(it.as_bytes())).collect();
        assert_eq!(written, ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg=="]);
    }

    #[test]
    fn neither_style_nor_script_ends_its_element() {
        assert!(![STYLE, svg::STYLE, SCRIPT].iter().any(|it| it.contains("</")));
    }
}
