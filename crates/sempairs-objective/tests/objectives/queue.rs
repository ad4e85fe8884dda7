//! Queue of earlier embeddings.

use burn::tensor::{Device, Tensor};
use sempairs_objective::Queue;

use super::oracle::{host, tensor};

fn batch(number: usize) -> Tensor<2> {
    let values: Vec<f32> = (0..6).map(|i| (number * 10 + i) as f32).collect();
    tensor(&values, 3, &Device::flex())
}

#[test]
fn the_oldest_batch_is_overwritten_first() {
    let queue = Queue::new(6, 2, 0, &Device::flex());
    for number in 0..5 {
        queue.push(batch(number), number);
    }
    // Batches 3 and 4 are the most recent two; the fifth batch replaced the third.
    let expected: Vec<f32> = [batch(4), batch(3)].into_iter().flat_map(host).collect();
    assert_eq!(host(queue.rows()), expected);
}

#[test]
fn rows_that_are_not_overwritten_yet_are_random_unit_vectors() {
    let fresh = host(Queue::new(6, 2, 3, &Device::flex()).rows());
    for row in fresh.chunks(2) {
        assert!((row[0].hypot(row[1]) - 1.0).abs() < 1e-6);
    }
    assert_eq!(fresh, host(Queue::new(6, 2, 3, &Device::flex()).rows()));
    assert_ne!(fresh, host(Queue::new(6, 2, 4, &Device::flex()).rows()));
    let queue = Queue::new(6, 2, 3, &Device::flex());
    queue.push(batch(1), 0);
    assert_eq!(host(queue.rows())[6..], fresh[6..]);
}

#[test]
#[should_panic(expected = "the queue size 7 must be a multiple of the batch size 3")]
fn a_batch_size_that_does_not_divide_the_queue_size_panics() {
    Queue::new(7, 2, 0, &Device::flex()).push(batch(0), 0);
}

#[test]
fn sizes_that_do_not_fit_the_data_name_their_key() {
    assert_eq!(Queue::check("queue", 12, 4, 13), Ok(()));
    for (size, batch, pairs) in [(0, 4, 13), (10, 4, 13), (12, 4, 12), (2, 4, 13)] {
        let error = Queue::check("queue", size, batch, pairs).unwrap_err();
        assert_eq!(error.key(), "queue", "{error}");
    }
}
