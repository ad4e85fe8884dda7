use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use sempairs::Error;
use sempairs::data::{DisjointPairs, Manifest, PictureSource, Subset};
use sempairs::experiment::limits::MAX_PER_CLASS;
use sempairs_internal::{counted, note, say};

use super::classes::Asked;
use crate::command::flags::up_to;
use crate::command::folder::FolderFlags;

/// Arguments of `sempairs pairs build`.
#[derive(Args)]
pub struct Build {
    #[command(flatten)]
    source: FolderFlags,
    /// Decode every picture first, as training does, which also finds truncated pictures.
    #[arg(long)]
    decode: bool,
    /// Manifest to write.
    #[arg(long)]
    out: PathBuf,
    /// Number of pairs per class, of twice as many pictures. With the same seed, fewer pairs are
    /// the first ones of more pairs.
    #[arg(long, value_parser = up_to(MAX_PER_CLASS / 2))]
    per_class: usize,
    /// Classes to use: `paper` for those of the paper, by WordNet ID, or a text file with a class
    /// folder in each line; all if omitted.
    #[arg(long, value_name = "paper|FILE")]
    classes: Option<PathBuf>,
    /// Random seed of the draw.
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

impl Build {
    pub fn run(self) -> Result<(), Error> {
        let asked = self.classes.as_deref().map(Asked::read).transpose()?;
        let folder = self.source.list()?;
        let missing = asked.as_ref().map(|asked| asked.missing(folder.classes()));
        let classes = asked.as_ref().map_or(folder.classes().len(), Asked::count);
        let source: Arc<dyn PictureSource> = match &asked {
            None => folder,
            Some(asked) => {
                let found = asked.found(folder.classes());
                if found.is_empty() {
                    let reason = format!("has none of the {classes} classes asked for");
                    return Err(self.refuse(reason));
                }
                Arc::new(Subset::of_classes(folder, &found)?)
            }
        };
        let source = self.source.checked(source, self.decode)?;
        let DisjointPairs { pairs, short } =
            DisjointPairs::draw(&*source, self.per_class, self.seed)?;
        if pairs.is_empty() {
            return Err(self.refuse("no class has two pictures, so there are no pairs".into()));
        }
        let manifest = Manifest::from_pairs(&*source, &pairs, "disjoint");
        manifest.write(&self.out, &*source)?;

        let needed = 2 * self.per_class;
        let short = short.into_iter().map(|class| {
            let [pictures, pairs] =
                [counted(class.pictures, "picture"), counted(class.pairs, "pair")];
            format!("{}: {pictures} of {needed}, {pairs}", class.class)
        });
        let lines: Vec<String> = missing.into_iter().flatten().chain(short).collect();
        if !lines.is_empty() {
            let (all, left) = (classes * self.per_class, pairs.len());
            note!("{left} of {all} pairs can be made; what is missing:");
            lines.iter().for_each(|line| note!("  {line}"));
        }
        let out = self.out.display();
        say!("{out}:\n{}", manifest.summary(&*source));
        say!("semantic pairs     pairing = {{ kind = \"curated\", file = {out:?} }}");
        say!("augmented pairs    pairing = {{ kind = \"same\", file = {out:?} }}");
        Ok(())
    }

    /// The error of a folder that no pairs can be made from.
    fn refuse(&self, reason: String) -> Error {
        Error::invalid(self.source.folder.display().to_string(), reason)
    }
}
