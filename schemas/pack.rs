//! The pack: many small JSON texts in one slice of bytes, each found by name without touching the others.
//!
//! It knows nothing of what the texts say.
//!
//! All numbers are little-endian `u32`s. The layout is:
//!
//! 1. [`MAGIC`] and [`FORMAT`];
//! 2. the lengths in bytes of the six sections that follow, in their order;
//! 3. the version, as UTF-8 text;
//! 4. the names of the regions, sorted, each ended by a line feed;
//! 5. the names of the texts, sorted, each ended by a line feed. Of a name with a slash, what is before it is
//!    the shelf the text is on;
//! 6. the index: for each name its start in section 5, the row of section 7 it uses, and the start in
//!    section 9 and the unpacked length of its text;
//! 7. the rows: one bit per region, the first region lowest, in as many bytes as that takes. Names
//!    available in the same regions share a row;
//! 8. the zstd dictionary, shared by all texts;
//! 9. the texts, each a zstd frame, up to the end.

use std::error;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use ruzstd::decoding::{Dictionary, FrameDecoder};

/// The first bytes of every pack.
pub const MAGIC: [u8; 8] = *b"asi-pack";
/// The layout described above; a reader takes no other.
pub const FORMAT: u32 = 2;

/// No text is longer, by far; a length beyond it is damage, and not to be reserved.
const LONGEST_TEXT: usize = 16 << 20;

/// The bytes of one entry of the index: name, row, text and unpacked length.
const INDEX_ENTRY: usize = 16;

/// An opened pack.
#[derive(Debug)]
pub struct Pack<'a> {
    version: &'a str,
    regions: Vec<&'a str>,
    names: &'a str,
    index: &'a [u8],
    rows: &'a [u8],
    /// The bytes of a row.
    width: usize,
    dictionary: &'a [u8],
    texts: &'a [u8],
    decoders: Decoders,
}

/// What is wrong with bytes that should have been a pack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// They do not begin with [`MAGIC`].
    NotAPack,
    /// They have another [`FORMAT`].
    Format(u32),
    /// They end early, or point outside themselves, or do not decompress.
    Damaged,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::NotAPack => write!(f, "this is not a pack of schemas"),
            Fault::Format(it) => write!(f, "the pack has format {it}, and only {FORMAT} can be read"),
            Fault::Damaged => write!(f, "the pack is damaged"),
        }
    }
}

impl error::Error for Fault {}

impl<'a> Pack<'a> {
    /// Takes the bytes apart into their sections, without copying or unpacking anything.
    pub fn open(bytes: &'a [u8]) -> Result<Pack<'a>, Fault> {
        let mut rest = bytes.strip_prefix(&MAGIC).ok_or(Fault::NotAPack)?;
        let mut header = [0; 7];
        for field in &mut header {
            let (number, after) = rest.split_first_chunk().ok_or(Fault::Damaged)?;
            *field = u32::from_le_bytes(*number);
            rest = after;
        }
        let [format, lengths @ ..] = header;
        if format != FORMAT {
            return Err(Fault::Format(format));
        }
        let mut section = |length: u32| {
            let (section, after) = rest.split_at_checked(length as usize).ok_or(Fault::Damaged)?;
            rest = after;
            Ok(section)
        };
        let [version, regions, names, index, rows, dictionary] = lengths;
        let text = |it| str::from_utf8(it).map_err(|_| Fault::Damaged);
        let version = text(section(version)?)?;
        let regions: Vec<&str> = text(section(regions)?)?.lines().collect();
        Ok(Pack {
            version,
            width: regions.len().div_ceil(8),
            regions,
            names: text(section(names)?)?,
            index: section(index)?,
            rows: section(rows)?,
            dictionary: section(dictionary)?,
            texts: rest,
            decoders: Decoders::default(),
        })
    }

    /// Where the texts come from.
    pub fn version(&self) -> &'a str {
        self.version
    }

    /// The names of all texts, sorted.
    pub fn names(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.names.lines()
    }

    /// The names of all texts on a shelf, sorted, without the shelf.
    pub fn shelf(&self, name: &'static str) -> impl Iterator<Item = &'a str> + use<'a> {
        self.names().filter_map(move |it| it.strip_prefix(name)?.strip_prefix('/'))
    }

    /// The names of all regions, sorted.
    pub fn regions(&self) -> impl Iterator<Item = &'a str> {
        self.regions.iter().copied()
    }

    /// Unpacks one text, and nothing but that one.
    pub fn find(&self, name: &str) -> Result<Option<String>, Fault> {
        let Some(at) = self.position(name) else { return Ok(None) };
        let start = self.text_start(at)?;
        let end = if at + 1 < self.len() { self.text_start(at + 1)? } else { self.texts.len() };
        let frame = self.texts.get(start..end).ok_or(Fault::Damaged)?;
        let length = self.index_field(at, 3).ok_or(Fault::Damaged)?;
        self.decoders.unpack(frame, length, self.dictionary).map(Some)
    }

    /// Tells in which regions a name is available, in the order of [`Pack::regions`].
    pub fn availability(&self, name: &str) -> Option<impl Fn(usize) -> bool + use<'a>> {
        let row = self.index_field(self.position(name)?, 1)?;
        let width = self.width;
        let row = self.rows.get(row * width..(row + 1) * width)?;
        Some(move |region: usize| row.get(region / 8).is_some_and(|byte| byte >> (region % 8) & 1 == 1))
    }

    fn len(&self) -> usize {
        self.index.len() / INDEX_ENTRY
    }

    /// The place of a name in the index, by halving.
    fn position(&self, name: &str) -> Option<usize> {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low.midpoint(high);
            let here = self.names.get(self.index_field(middle, 0)?..)?.lines().next()?;
            match here.cmp(name) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Equal => return Some(middle),
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        None
    }

    fn text_start(&self, at: usize) -> Result<usize, Fault> {
        self.index_field(at, 2).ok_or(Fault::Damaged)
    }

    fn index_field(&self, at: usize, field: usize) -> Option<usize> {
        let bytes = self.index.get(at * INDEX_ENTRY + field * 4..)?.first_chunk()?;
        Some(u32::from_le_bytes(*bytes) as usize)
    }
}

/// Decoders that are not at work. Each knows the dictionary, whose tables take longer to read than a text: of 33
/// texts it was 7.7 of 14 million instructions.
#[derive(Default)]
struct Decoders(Mutex<Vec<FrameDecoder>>);

impl Decoders {
    fn unpack(&self, frame: &[u8], length: usize, dictionary: &[u8]) -> Result<String, Fault> {
        if length > LONGEST_TEXT {
            return Err(Fault::Damaged);
        }
        let mut decoder = self.take(dictionary)?;
        let mut text = Vec::with_capacity(length);
        decoder.decode_all_to_vec(frame, &mut text).map_err(|_| Fault::Damaged)?;
        // One that failed is dropped instead.
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(decoder);
        String::from_utf8(text).map_err(|_| Fault::Damaged)
    }

    fn take(&self, dictionary: &[u8]) -> Result<FrameDecoder, Fault> {
        let idle = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        if let Some(decoder) = idle {
            return Ok(decoder);
        }
        let dictionary = Dictionary::decode_dict(dictionary).map_err(|_| Fault::Damaged)?;
        let mut decoder = FrameDecoder::new();
        decoder.add_dict(dictionary).map_err(|_| Fault::Damaged)?;
        Ok(decoder)
    }
}

impl fmt::Debug for Decoders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decoders").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static BYTES: &[u8] = include_bytes!("pack.bin");

    #[test]
    fn a_look_up_unpacks_only_its_own_text() {
        let pack = Pack::open(BYTES).unwrap();
        let at = pack.position("schema/AWS::ECS::Service").unwrap();
        let texts = BYTES.len() - pack.texts.len();
        let own = texts + pack.text_start(at).unwrap()..texts + pack.text_start(at + 1).unwrap();

        let mut others_spoilt = BYTES.to_vec();
        others_spoilt[texts..].fill(0xff);
        others_spoilt[own.clone()].copy_from_slice(&BYTES[own]);
        let spoilt = Pack::open(&others_spoilt).unwrap();

        assert_eq!(spoilt.find("schema/AWS::ECS::Service"), pack.find("schema/AWS::ECS::Service"));
        assert_eq!(spoilt.find("schema/AWS::S3::Bucket"), Err(Fault::Damaged));
    }

    #[test]
    fn a_text_is_the_same_whatever_was_unpacked_before_it() {
        let pack = Pack::open(BYTES).unwrap();
        let alone = Pack::open(BYTES).unwrap().find("schema/AWS::ECS::Service");
        for name in ["schema/AWS::S3::Bucket", "schema/AWS::ECS::Service", "actions/s3"] {
            pack.find(name).unwrap();
            assert_eq!(pack.find("schema/AWS::ECS::Service"), alone);
        }
    }

    #[test]
    fn other_bytes_are_no_pack() {
        assert_eq!(Pack::open(b"").unwrap_err(), Fault::NotAPack);
        assert_eq!(Pack::open(b"PK\x03\x04 a wheel").unwrap_err(), Fault::NotAPack);
        let mut newer = BYTES.to_vec();
        newer[MAGIC.len()] += 1;
        assert_eq!(Pack::open(&newer).unwrap_err(), Fault::Format(FORMAT + 1));
    }

    #[test]
    fn damage_is_a_fault_and_no_panic() {
        let look = |bytes: &[u8]| {
            let Ok(pack) = Pack::open(bytes) else { return };
            for name in
                ["actions/a2c", "schema/AWS::ECS::Service", "schema/AWS::XRay::TransactionSearchConfig"]
            {
                drop(pack.find(name));
                std::hint::black_box(pack.availability(name).map(|it| it(30)));
            }
        };
        for eighth in 0..8 {
            look(&BYTES[..BYTES.len() * eighth / 8]);
        }
        let mut bytes = BYTES.to_vec();
        for at in (0..600).chain((600..BYTES.len()).step_by(4_001)) {
            bytes[at] ^= 0xff;
            look(&bytes);
            bytes[at] ^= 0xff;
        }
    }
}
