use burn::module::{ParamGroup, ParamId};

/// Learning rates of a step.
#[derive(Clone)]
pub struct Rates {
    /// Default learning rate.
    pub all: f64,
    /// Parameter group with its own learning rate.
    pub group: Option<(ParamGroup, f64)>,
}

impl From<f64> for Rates {
    fn from(all: f64) -> Self {
        Self { all, group: None }
    }
}

impl Rates {
    /// Learning rate of a parameter, given its path in the module, joined by dots.
    pub(crate) fn of(&self, id: &ParamId, path: &str) -> f64 {
        match &self.group {
            Some((group, rate)) if group.matches(id, Some(path)) => *rate,
            _ => self.all,
        }
    }
}
