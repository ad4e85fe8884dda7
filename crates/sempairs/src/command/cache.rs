use std::path::PathBuf;

use clap::{Args, ValueEnum};
use sempairs::Error;
use sempairs::data::{CachedSource, DataError, OnBadPicture};

use super::folder::FolderFlags;

/// Arguments of `sempairs cache`.
#[derive(Args)]
pub struct CacheArgs {
    #[command(flatten)]
    source: FolderFlags,
    /// The file to write.
    #[arg(long)]
    out: PathBuf,
    /// Pixels that the shorter side of a larger picture is brought down to.
    #[arg(long, default_value_t = 128)]
    short_side: usize,
    /// What to do with a picture that cannot be decoded.
    #[arg(long, value_enum, default_value_t = OnBad::Error)]
    on_bad_picture: OnBad,
}

#[derive(Clone, Copy, ValueEnum)]
enum OnBad {
    Error,
    Skip,
}

impl CacheArgs {
    pub fn run(self) -> Result<(), Error> {
        let on_bad = match self.on_bad_picture {
            OnBad::Error => OnBadPicture::Error,
            OnBad::Skip => OnBadPicture::Skip,
        };
        let source = self.source.open()?;
        let report = CachedSource::build(&source, self.short_side, &self.out, on_bad)
            .map_err(|error| hint(error, on_bad))?;
        println!(
            "{}: {} pictures, {} of them shrunk, {:.1} MB",
            self.out.display(),
            report.pictures,
            report.shrunk,
            report.bytes as f64 / 1e6
        );
        if !report.bad.is_empty() {
            println!("{} were left out:", report.bad.len());
            for picture in &report.bad {
                println!("  {picture}");
            }
        }
        Ok(())
    }
}

/// Names the flag that would have left a bad picture out.
fn hint(error: DataError, on_bad: OnBadPicture) -> DataError {
    match (error, on_bad) {
        (DataError::Picture { picture, reason }, OnBadPicture::Error) => {
            let reason = format!("{reason}; `--on-bad-picture skip` leaves such pictures out");
            DataError::Picture { picture, reason }
        }
        (error, _) => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_of_a_bad_picture_names_the_flag_that_is_not_yet_given() {
        let message = |on_bad| hint(DataError::picture("cat/1.png", "torn"), on_bad).to_string();
        assert_eq!(
            message(OnBadPicture::Error),
            "cat/1.png: cannot be decoded: torn; `--on-bad-picture skip` leaves such pictures out"
        );
        assert_eq!(message(OnBadPicture::Skip), "cat/1.png: cannot be decoded: torn");
    }
}
