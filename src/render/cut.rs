//! Lines cut off where a screen ends, so that each stays one line.

/// Cuts each line to so many columns, of which the last then says that something is missing. What only sets colours takes no
/// room, and is kept.
pub fn cut(text: &str, columns: usize) -> String {
    text.split_inclusive('\n').map(|line| cut_line(line, columns)).collect()
}

fn cut_line(line: &str, columns: usize) -> String {
    let (content, end) = line.strip_suffix('\n').map_or((line, ""), |it| (it, "\n"));
    let shown = anstream::adapter::strip_str(content).to_string();
    if shown.chars().count() <= columns {
        return line.to_owned();
    }
    let mut cut = String::new();
    let mut used = 0;
    let mut is_colour = false;
    for it in content.chars() {
        if it == '\x1b' {
            is_colour = true;
        }
        if is_colour {
            cut.push(it);
            is_colour = it != 'm';
        } else if used + 1 < columns {
            cut.push(it);
            used += 1;
        } else if used < columns {
            cut.push('…');
            used = columns;
        }
    }
    cut + end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_ends_where_the_screen_does_and_so_do_its_colours() {
        assert_eq!(cut("short\nas wide\n", 7), "short\nas wide\n");
        assert_eq!(cut("too wide\n", 7), "too wi…\n");
        assert_eq!(cut("\x1b[31mtoo\x1b[0m \x1b[32mwide\x1b[0m", 6), "\x1b[31mtoo\x1b[0m \x1b[32mw…\x1b[0m");
        assert_eq!(cut("ünïcödé", 4), "ünï…");
    }
}
