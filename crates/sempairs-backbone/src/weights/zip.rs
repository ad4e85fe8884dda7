use std::io::{self, Write};

/// Writer of a zip archive of uncompressed files like that of `torch.save`. The content of each
/// file is aligned to 64 bytes, so that it can be memory-mapped.
///
/// Format: PKWARE's APPNOTE 6.3.10, sections 4.3.7 (local header), 4.3.12 (central directory) and
/// 4.3.16 (end of central directory). Archives of more than 4 GiB are not supported.
pub(super) struct ZipWriter<W> {
    out: W,
    position: u64,
    directory: Vec<u8>,
    files: u16,
}

const ALIGNMENT: usize = 64;
/// Identifier of the extra field for padding, the same as PyTorch's.
const PADDING: [u8; 2] = *b"FB";
/// 1980-01-01 00:00, the earliest date of the format. It is constant so that equal weights give
/// equal files.
const TIME_AND_DATE: [u8; 4] = [0, 0, 0x21, 0];

impl<W: Write> ZipWriter<W> {
    pub(super) fn new(out: W) -> Self {
        Self { out, position: 0, directory: Vec::new(), files: 0 }
    }

    /// Appends a file.
    pub(super) fn file(&mut self, name: &str, content: &[u8]) -> io::Result<()> {
        let offset = small(self.position)?.to_le_bytes();
        let size = small(content.len() as u64)?.to_le_bytes();
        let checksum = crc32fast::hash(content).to_le_bytes();
        let name_length = u16::try_from(name.len()).map_err(io::Error::other)?.to_le_bytes();
        // Version 2.0, no flags, no compression, then the fields that both headers share.
        let shared =
            [&[20, 0, 0, 0, 0, 0], &TIME_AND_DATE[..], &checksum, &size, &size, &name_length]
                .concat();

        let unpadded = self.position as usize + 30 + name.len() + 4;
        let zeros = unpadded.next_multiple_of(ALIGNMENT) - unpadded;
        let mut header = [&b"PK\x03\x04"[..], &shared].concat();
        header.extend((zeros as u16 + 4).to_le_bytes());
        header.extend(name.as_bytes());
        header.extend(PADDING);
        header.extend((zeros as u16).to_le_bytes());
        header.resize(header.len() + zeros, 0);
        self.write(&header)?;
        self.write(content)?;

        self.directory.extend(b"PK\x01\x02\x14\x00");
        self.directory.extend(&shared);
        // No extra field, comment, disk number or attributes.
        self.directory.extend([0; 12]);
        self.directory.extend(offset);
        self.directory.extend(name.as_bytes());
        self.files = self.files.checked_add(1).ok_or_else(|| io::Error::other("too many files"))?;
        Ok(())
    }

    /// Writes the central directory, which completes the archive.
    pub(super) fn finish(mut self) -> io::Result<()> {
        let start = small(self.position)?.to_le_bytes();
        let directory = std::mem::take(&mut self.directory);
        self.write(&directory)?;
        let mut end = b"PK\x05\x06\0\0\0\0".to_vec();
        end.extend(self.files.to_le_bytes());
        end.extend(self.files.to_le_bytes());
        end.extend(small(directory.len() as u64)?.to_le_bytes());
        end.extend(start);
        end.extend([0, 0]);
        self.write(&end)
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.position += bytes.len() as u64;
        self.out.write_all(bytes)
    }
}

fn small(number: u64) -> io::Result<u32> {
    u32::try_from(number)
        .map_err(|_| io::Error::other("a .pth file cannot exceed 4 GiB; use .safetensors"))
}
