//! What a picture is: told by its first bytes, never by its name or by who sent it.

/// The largest that is taken; models refuse larger ones anyway.
pub const LARGEST: usize = 10 * 1024 * 1024;

/// The media type of a picture that models and browsers know.
pub fn media_type(beginning: &[u8]) -> Option<&'static str> {
    let starts = |bytes: &[u8]| beginning.starts_with(bytes);
    if starts(b"\x89PNG\r\n\x1a\n") {
        Some("image/png")
    } else if starts(b"\xff\xd8\xff") {
        Some("image/jpeg")
    } else if starts(b"GIF87a") || starts(b"GIF89a") {
        Some("image/gif")
    } else if starts(b"RIFF") && beginning.get(8..12) == Some(b"WEBP") {
        Some("image/webp")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_first_bytes_tell() {
        assert_eq!(media_type(b"\x89PNG\r\n\x1a\n<script>"), Some("image/png"));
        assert_eq!(media_type(b"\xff\xd8\xff\xe0"), Some("image/jpeg"));
        assert_eq!(media_type(b"GIF89a"), Some("image/gif"));
        assert_eq!(media_type(b"RIFF\0\0\0\0WEBPVP8 "), Some("image/webp"));
        for other in
            [&b""[..], b"<svg onload=alert(1)>", b"RIFF\0\0\0\0WAVE", b"%PDF-1.7", b"\x89PN", b" GIF89a"]
        {
            assert_eq!(media_type(other), None, "{other:?}");
        }
    }
}
