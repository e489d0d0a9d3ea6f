//! What identifies the contents of a file: how much there is, and the digest of it, wherever lines of text end how.

use sha2::{Digest as _, Sha256};

/// How many bytes the CDK looks at at once; where lines end, and whether this is text, is decided for each such part.
const PART: usize = 8 << 10;

/// The number of bytes and their digest, as the CDK counts them: in text, which holds no NUL, `\r\n` is `\n`.
///
/// What it does at the border of two parts is a peculiarity that hashes of assets depend on: characters are cut there, and a
/// part that ends in `\r` is put before the next, or hashed as it is where there is none, and not counted then.
pub(super) fn content(bytes: &[u8]) -> String {
    let mut digest = Sha256::new();
    let (mut size, mut is_binary, mut pending) = (0, false, String::new());
    for part in bytes.chunks(PART) {
        if size == 0 {
            is_binary = part.contains(&0);
        }
        if is_binary {
            size += part.len();
            digest.update(part);
            continue;
        }
        pending.push_str(&String::from_utf8_lossy(part));
        if !pending.ends_with('\r') {
            let text = std::mem::take(&mut pending).replace("\r\n", "\n");
            size += text.len();
            digest.update(text);
        }
    }
    digest.update(pending);
    format!("{size}:{}", hex::encode(digest.finalize()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_alike_in_text_and_not_in_what_is_none() {
        assert_eq!(content(b"hello\r\n"), content(b"hello\n"));
        assert_ne!(content(b"\0hello\r\n"), content(b"\0hello\n"));
        assert!(content(b"hello\r\n").starts_with("6:5891b5b5"), "the digest of `hello` and a new line");
        assert!(content(b"hello\r").starts_with("0:"), "it ends in the middle of the end of a line");
    }
}
