/// What an anchor is pushed away from, which decides how often a picture of its own class, or its own old
/// key, is among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Negatives {
    /// Nothing: attraction alone, or statistics of the batch (BYOL, SimSiam, SwAV, DINO, Barlow Twins,
    /// VICReg).
    None,
    /// Both pictures of the other pairs of its batch (SimCLR, DCL).
    Batch,
    /// One picture of each, the right one (NNCLR, whose neighbours are compared with the predictions of one view).
    OneView,
    /// Both pictures of those pairs of its batch that are of other classes (SupCon).
    OtherClasses,
    /// The keys of the pairs of earlier steps, the newest this many (MoCo); each is made of its pair's
    /// right picture. Before that many pairs have passed, random directions stand in for the rest.
    Queue {
        /// Keys in the queue.
        keys: usize,
    },
}
