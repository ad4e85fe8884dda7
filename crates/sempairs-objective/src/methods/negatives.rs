/// The negatives of an anchor. They determine how often a picture of the anchor's own class, or its
/// own earlier key, is a negative (a false negative).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Negatives {
    /// No negatives (BYOL, SimSiam, SwAV, DINO, Barlow Twins, VICReg).
    None,
    /// Both pictures of all other pairs of the batch (SimCLR, DCL).
    Batch,
    /// The right picture of all other pairs of the batch (NNCLR, which compares neighbours with the
    /// predictions of one view).
    OneView,
    /// Both pictures of the pairs of the batch that are of other classes (SupCon).
    OtherClasses,
    /// The keys of the most recent pairs of earlier steps (MoCo), each of its pair's right picture.
    /// Until the queue is full, random unit vectors take the place of the missing keys.
    Queue {
        /// Number of keys in the queue.
        keys: usize,
    },
}
