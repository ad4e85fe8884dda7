//! The protocols and data sets of a comparison, by name and by index.

use super::{Comparison, ScoreName};

impl Comparison {
    /// The names of the scores that any run has at its last step, data set by data set, otherwise
    /// in the order in which they first occur. That is the experiment's order, unless runs have
    /// different scores.
    pub fn score_names(&self) -> Vec<ScoreName<'_>> {
        let mut names: Vec<ScoreName> = Vec::new();
        for point in self.runs().filter_map(|run| run.curve.last()) {
            for name in ScoreName::all(&point.scores) {
                if !names.contains(&name) {
                    names.push(name);
                }
            }
        }
        let datasets: Vec<&str> = names.iter().map(|name| name.dataset).collect();
        // A stable sort keeps the order within a data set.
        names.sort_by_key(|name| datasets.iter().position(|dataset| *dataset == name.dataset));
        names
    }

    /// The name of the scores of the protocol with this index in [`protocols`](Self::protocols);
    /// one that no score has if there is no such protocol.
    pub fn score_name(&self, protocol: usize) -> ScoreName<'_> {
        self.score_names().get(protocol).copied().unwrap_or(ScoreName::NONE)
    }

    /// The labels of the protocols, in the experiment's order, data set by data set. With one data
    /// set a label is the protocol's name; with several it is preceded by that of the data set:
    /// `cifar10, probe-lbfgs`. The index of a label is that of its name in
    /// [`score_names`](Self::score_names).
    pub fn protocols(&self) -> Vec<String> {
        let several = self.datasets().len() > 1;
        let label = |name: ScoreName| match several {
            true => format!("{}, {}", name.dataset, name.protocol),
            false => name.protocol.to_owned(),
        };
        self.score_names().into_iter().map(label).collect()
    }

    /// The name of the protocol with this index, without that of its data set; empty if there is no
    /// such protocol.
    pub fn protocol_name(&self, protocol: usize) -> &str {
        self.score_name(protocol).protocol
    }

    /// The name of the data set of the protocol with this index; empty if there is no such
    /// protocol.
    pub fn dataset_of(&self, protocol: usize) -> &str {
        self.score_name(protocol).dataset
    }

    /// The name of the first downstream data set; empty without scores.
    pub fn dataset(&self) -> &str {
        self.dataset_of(0)
    }

    /// The names of the downstream data sets, in the experiment's order.
    pub fn datasets(&self) -> Vec<&str> {
        self.first_protocols().into_iter().map(|protocol| self.dataset_of(protocol)).collect()
    }

    /// The names of the downstream data sets in words: `cifar10`, or `stl10, cifar10 and cifar100`.
    pub fn datasets_in_words(&self) -> String {
        match &self.datasets()[..] {
            [] => String::new(),
            [only] => (*only).to_owned(),
            [others @ .., last] => format!("{} and {last}", others.join(", ")),
        }
    }

    /// The index of the first protocol of each data set, in the experiment's order. These protocols
    /// stand for their data sets where there is room for one.
    pub fn first_protocols(&self) -> Vec<usize> {
        let names = self.score_names();
        let is_first = |i: &usize| names[..*i].iter().all(|it| it.dataset != names[*i].dataset);
        (0..names.len()).filter(is_first).collect()
    }
}
