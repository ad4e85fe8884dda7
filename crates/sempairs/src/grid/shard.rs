//! Division of the runs of a grid among processes.

use std::fmt;
use std::str::FromStr;

use sempairs_data::ConfigError;

use crate::Error;

/// Maximum number of shards.
const MAX_SHARDS: usize = 1_000_000;

/// A part of the runs of a grid: every `count`-th one. The shards of a grid are disjoint and
/// contain all runs. The default is the whole grid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    /// Number of the shard, from 0.
    index: usize,
    count: usize,
}

impl Default for Shard {
    fn default() -> Self {
        Self { index: 0, count: 1 }
    }
}

impl Shard {
    /// Shard `number` of `count`, counted from 1.
    ///
    /// # Errors
    /// [`ConfigError`] without a key unless `number` is from 1 to `count`.
    pub fn new(number: usize, count: usize) -> Result<Self, ConfigError> {
        ConfigError::unless_within("", count, 1..=MAX_SHARDS)?;
        ConfigError::unless_within("", number, 1..=count)?;
        Ok(Self { index: number - 1, count })
    }

    /// The shard of this task of a SLURM job array, from the variables that SLURM sets; `None`
    /// outside a job array. An array of a single task has all runs.
    ///
    /// # Errors
    /// [`Error::Config`] for variables that are not numbers or contradict each other, and for an
    /// array with gaps, such as `--array=1,2,7`.
    pub fn from_slurm() -> Result<Option<Self>, Error> {
        Self::of_array(|name| std::env::var(name).ok())
    }

    fn of_array(variable: impl Fn(&str) -> Option<String>) -> Result<Option<Self>, Error> {
        const TASK: &str = "SLURM_ARRAY_TASK_ID";
        let number = |name: &str| match variable(name) {
            None => Ok(None),
            Some(text) => match text.trim().parse::<usize>() {
                Ok(number) => Ok(Some(number)),
                Err(_) => Err(Error::invalid(name, format!("`{text}` is not a whole number"))),
            },
        };
        let Some(task) = number(TASK)? else { return Ok(None) };
        let first = number("SLURM_ARRAY_TASK_MIN")?.unwrap_or(0);
        let last = number("SLURM_ARRAY_TASK_MAX")?;
        let tasks = number("SLURM_ARRAY_TASK_COUNT")?;
        let no = |reason: String| {
            let reason = format!("{reason}; give the shard as `--shard K/N`");
            Err(Error::invalid(TASK, reason))
        };
        let (last, tasks) = match (last, tasks) {
            (Some(last), Some(tasks)) => (last, tasks),
            (Some(last), None) => (last, (last + 1).saturating_sub(first)),
            (None, Some(tasks)) => ((first + tasks).saturating_sub(1), tasks),
            (None, None) => {
                return no("neither SLURM_ARRAY_TASK_MAX nor SLURM_ARRAY_TASK_COUNT is set".into());
            }
        };
        if tasks == 0 || !(first..=last).contains(&task) {
            return no(format!("is {task}, which is none of {tasks} tasks from {first} to {last}"));
        }
        // The tasks of a list are numbered by its places only if they are evenly spaced.
        let between = tasks - 1;
        let step = match between {
            0 => 1,
            _ => (last - first) / between,
        };
        if step == 0 || step * between != last - first || !(task - first).is_multiple_of(step) {
            return no(format!("the {tasks} tasks from {first} to {last} are not evenly spaced"));
        }
        let shard = Self::new((task - first) / step + 1, tasks);
        shard.map(Some).map_err(|error| Error::config(TASK, error))
    }

    /// Returns true if the run at this position in the list of all runs is in the shard.
    pub fn contains(self, position: usize) -> bool {
        position % self.count == self.index
    }

    /// Returns true if the shard has all runs.
    pub fn is_whole(self) -> bool {
        self.count == 1
    }
}

/// Reads `K/N`: shard K of N, counted from 1.
impl FromStr for Shard {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Self, ConfigError> {
        let form =
            || ConfigError::new("", "must be K/N, such as 2/5 for the second of five shards");
        let (number, count) = text.split_once('/').ok_or_else(form)?;
        let parse = |part: &str| part.trim().parse::<usize>().map_err(|_| form());
        Self::new(parse(number)?, parse(count)?)
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index + 1, self.count)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn shards_contain_every_run_once() {
        for count in 1..=17 {
            let shards: Vec<Shard> =
                (1..=count).map(|number| Shard::new(number, count).unwrap()).collect();
            for runs in [0, 1, 2, 5, 16, 17, 18, 100] {
                let mut sizes = vec![0; count];
                for run in 0..runs {
                    let of: Vec<usize> =
                        (0..count).filter(|&shard| shards[shard].contains(run)).collect();
                    assert_eq!(of.len(), 1, "run {run} of {runs} in {count} shards");
                    sizes[of[0]] += 1;
                }
                let (least, most) = (sizes.iter().min().unwrap(), sizes.iter().max().unwrap());
                assert!(most - least <= 1, "{sizes:?}");
            }
        }
    }

    #[test]
    fn a_shard_is_read_as_it_is_written() {
        for text in ["1/1", "2/5", "5/5"] {
            assert_eq!(text.parse::<Shard>().unwrap().to_string(), text);
        }
        assert!("1/1".parse::<Shard>().unwrap().is_whole());
        assert_eq!("1/1".parse(), Ok(Shard::default()));
        for (text, reason) in [
            ("0/5", "must be from 1 to 5, not 0"),
            ("6/5", "must be from 1 to 5, not 6"),
            ("1/0", "not 0"),
            ("2", "must be K/N"),
            ("a/b", "must be K/N"),
            ("-1/5", "must be K/N"),
        ] {
            let message = text.parse::<Shard>().unwrap_err().to_string();
            assert!(message.contains(reason), "{text}: {message}");
        }
    }

    /// The shard for the values of ID, MIN, MAX and COUNT; an empty text is a variable that is not
    /// set.
    fn array(values: [&str; 4]) -> Result<Option<Shard>, Error> {
        let names = ["ID", "MIN", "MAX", "COUNT"].map(|name| format!("SLURM_ARRAY_TASK_{name}"));
        let set: BTreeMap<String, &str> = names.into_iter().zip(values).collect();
        Shard::of_array(|name| set.get(name).filter(|it| !it.is_empty()).map(|it| (*it).into()))
    }

    #[test]
    fn tasks_of_a_job_array_are_shards() {
        assert_eq!(array(["", "1", "4", "4"]).unwrap(), None);
        for (values, expected) in [
            (["0", "0", "3", "4"], "1/4"),
            (["3", "0", "3", "4"], "4/4"),
            (["7", "5", "9", "5"], "3/5"),
            // --array=0-20:10
            (["20", "0", "20", "3"], "3/3"),
            (["2", "1", "3", ""], "2/3"),
            (["2", "1", "", "3"], "2/3"),
            (["7", "7", "7", "1"], "1/1"),
        ] {
            assert_eq!(array(values).unwrap().unwrap().to_string(), expected, "{values:?}");
        }
    }

    #[test]
    fn arrays_without_an_order_are_refused() {
        for (values, reason) in [
            // --array=1,2,7
            (["2", "1", "7", "3"], "not evenly spaced"),
            (["9", "1", "7", "7"], "is 9, which is none of 7 tasks from 1 to 7"),
            (["x", "1", "7", "7"], "`x` is not a whole number"),
            (["1", "1", "", ""], "neither SLURM_ARRAY_TASK_MAX nor"),
            (["1", "1", "7", "0"], "none of 0 tasks"),
            (["1", "1", "2", "9"], "not evenly spaced"),
        ] {
            let message = array(values).unwrap_err().to_string();
            assert!(message.starts_with("SLURM_ARRAY_TASK_ID: "), "{message}");
            assert!(message.contains(reason), "{values:?}: {message}");
        }
    }
}
