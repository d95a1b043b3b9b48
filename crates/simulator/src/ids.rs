//! Ids that are the same in each run, and secrets that never are.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Makes the ids of one endpoint: reproducible, and different for each name.
#[derive(Debug)]
pub(crate) struct Ids(u64);

impl Ids {
    pub(crate) fn new(name: &str) -> Self {
        // FNV-1a.
        Self(
            name.bytes()
                .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)),
        )
    }

    /// SplitMix64.
    fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let word = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }

    /// 32 hexadecimal digits.
    pub(crate) fn hex(&mut self) -> String {
        format!("{:016x}{:016x}", self.word(), self.word())
    }

    /// A UUID of version 4 in the usual form. Written by hand: many thousands are made at the start.
    pub(crate) fn uuid(&mut self) -> String {
        let high = (self.word() & !0xf000) | 0x4000;
        let low = (self.word() >> 2) | (1 << 63);
        let bits = (u128::from(high) << 64) | u128::from(low);
        let mut text = String::with_capacity(36);
        for digit in 0..32_u32 {
            if matches!(digit, 8 | 12 | 16 | 20) {
                text.push('-');
            }
            let nibble = u8::try_from((bits >> (124 - 4 * digit)) & 0xf).unwrap_or_default();
            text.push(char::from_digit(nibble.into(), 16).unwrap_or('0'));
        }
        text
    }
}

/// Random bytes as text; `None` when the system has none to give.
pub(crate) fn secret(bytes: usize) -> Option<String> {
    let mut buffer = vec![0; bytes];
    getrandom::fill(&mut buffer).ok()?;
    Some(STANDARD.encode(buffer))
}

/// A password that needs no quoting anywhere.
pub(crate) fn password() -> Option<String> {
    let mut buffer = [0_u8; 12];
    getrandom::fill(&mut buffer).ok()?;
    Some(buffer.iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uuids_have_their_form_and_are_the_same_each_time() {
        let (mut one, mut two) = (Ids::new("a"), Ids::new("a"));
        for _ in 0..100 {
            let uuid = one.uuid();
            assert_eq!(uuid, two.uuid());
            let lengths: Vec<usize> = uuid.split('-').map(str::len).collect();
            assert_eq!(lengths, [8, 4, 4, 4, 12]);
            let digit = |place: usize| uuid.chars().nth(place);
            assert_eq!(digit(14), Some('4'));
            assert!(matches!(digit(19), Some('8' | '9' | 'a' | 'b')), "{uuid}");
        }
        assert_ne!(one.uuid(), Ids::new("b").uuid());
    }
}
