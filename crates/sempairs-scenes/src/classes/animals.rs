use crate::Instance;
use crate::figure::Figure;
use crate::figure::Stuff::{Accent, Body, Dark, Light};

pub(super) fn bird(f: &mut Figure, i: &Instance) {
    let girth = i.span(0, 0.3, 0.42);
    let head = (i.span(1, 0.5, 0.65), i.span(2, -0.58, -0.4));
    let skull = i.span(3, 0.2, 0.27);
    let tail = i.span(4, 0.0, 0.35);
    f.polygon(Accent, &[(-0.4, -0.1), (-1.0, -tail), (-1.05, 0.18 - tail), (-0.4, 0.2)]);
    for x in [-0.05, 0.15] {
        let foot = (x + 0.04, 0.5 + i.span(5, 0.1, 0.35));
        f.line(Dark, &[(x, 0.2), foot, (foot.0 + 0.14, foot.1)], 0.06);
    }
    f.blob(
        Body,
        &[
            (-0.6, -0.05),
            (-0.1, -girth),
            (head.0 - 0.1, head.1 + 0.05),
            (head.0 + 0.1, head.1 + 0.2),
            (0.42, girth * 0.5),
            (0.0, girth + 0.05),
            (-0.4, girth * 0.7),
        ],
    );
    f.polygon(
        Dark,
        &[
            (head.0 + skull * 0.6, head.1 - skull * 0.45),
            (head.0 + skull + i.span(6, 0.18, 0.36), head.1 + 0.06),
            (head.0 + skull * 0.6, head.1 + skull * 0.5),
        ],
    );
    f.disc(Body, head, skull);
    f.disc(Light, (head.0 + 0.06, head.1 - 0.04), 0.075);
    let drop = i.span(7, 0.0, 0.2);
    f.blob(Accent, &[(0.25, -0.1), (-0.1, -0.2), (-0.6, 0.05 + drop), (-0.3, 0.2), (0.1, 0.2)]);
    if i.has(8, 0.3) {
        f.line(Accent, &[(head.0, head.1 - skull), (head.0 - 0.18, head.1 - skull - 0.16)], 0.09);
    }
}

pub(super) fn fish(f: &mut Figure, i: &Instance) {
    let girth = i.span(0, 0.3, 0.48);
    let fork = i.span(1, 0.3, 0.5);
    let notch = i.span(2, -0.85, -0.7);
    f.polygon(Accent, &[(-0.45, 0.0), (-1.0, -fork), (notch, 0.0), (-1.0, fork)]);
    let fin = i.span(3, 0.15, 0.35);
    let (from, to) = (i.span(4, -0.4, -0.2), i.span(5, 0.2, 0.4));
    f.polygon(Accent, &[(from, -girth * 0.6), (from - 0.1, -girth - fin), (to, -girth * 0.8)]);
    if i.has(6, 0.6) {
        f.polygon(Accent, &[(-0.1, girth * 0.7), (-0.3, girth + fin * 0.8), (0.2, girth * 0.7)]);
    }
    f.blob(
        Body,
        &[
            (1.0, 0.02),
            (0.6, -girth * 0.75),
            (0.1, -girth),
            (-0.4, -girth * 0.5),
            (-0.62, 0.0),
            (-0.4, girth * 0.5),
            (0.1, girth),
            (0.6, girth * 0.75),
        ],
    );
    f.bow(Dark, &[(0.42, -girth * 0.65), (0.3, 0.0), (0.42, girth * 0.65)], 0.06);
    f.disc(Light, (0.66, -girth * 0.25), 0.11);
    f.disc(Dark, (0.68, -girth * 0.25), 0.05);
    let droop = i.span(7, 0.0, 0.2);
    f.polygon(Accent, &[(0.2, 0.0), (-0.15, -0.05 + droop), (-0.12, 0.2 + droop)]);
}

/// Adds four legs from `hip` down to `ground`, around `rear` and `front`, each with a hoof or paw.
fn legs(f: &mut Figure, rear: f32, front: f32, hip: f32, ground: f32, width: f32, stride: f32) {
    for (x, lean) in [(rear, -1.0), (rear + 0.2, 1.0), (front - 0.2, -1.0), (front, 1.0)] {
        let foot = x + lean * stride;
        f.line(
            Body,
            &[(x, hip), (x + lean * stride * 0.2, (hip + ground) / 2.0), (foot, ground)],
            width,
        );
        f.line(Dark, &[(foot, ground), (foot + 0.05, ground)], width);
    }
}

pub(super) fn dog(f: &mut Figure, i: &Instance) {
    let girth = i.span(0, 0.2, 0.28);
    let rear = i.span(1, -0.66, -0.54);
    let front = 0.38;
    let wag = i.span(2, -0.75, -0.35);
    f.bow(Body, &[(rear, -0.1), (rear - 0.25, -0.2), (rear - 0.36, wag)], i.span(3, 0.1, 0.16));
    legs(f, rear + 0.08, front - 0.02, 0.05, i.span(4, 0.55, 0.75), 0.14, i.span(5, 0.0, 0.08));
    f.blob(
        Body,
        &[
            (rear - 0.06, 0.0),
            (rear + 0.1, -girth),
            (front - 0.1, -girth),
            (front + 0.16, -0.1),
            (front + 0.1, girth * 0.9),
            (rear + 0.15, girth * 0.7),
        ],
    );
    let head = (front + 0.28, i.span(6, -0.52, -0.4));
    f.line(Body, &[(front, -0.05), head], 0.26);
    f.ellipse(Body, head, (0.25, 0.21));
    let muzzle = i.span(7, 0.24, 0.4);
    f.round(Body, (head.0, head.1 - 0.04), (head.0 + muzzle, head.1 + 0.17), 0.09);
    f.disc(Dark, (head.0 + muzzle - 0.02, head.1 + 0.01), 0.07);
    f.disc(Light, (head.0 + 0.1, head.1 - 0.07), 0.05);
    if i.has(8, 0.55) {
        f.ellipse(Accent, (head.0 - 0.12, head.1 + 0.08), (0.09, 0.24));
    } else {
        f.polygon(
            Accent,
            &[
                (head.0 - 0.2, head.1 - 0.1),
                (head.0 - 0.14, head.1 - 0.42),
                (head.0 + 0.06, head.1 - 0.16),
            ],
        );
    }
    if i.has(9, 0.6) {
        f.line(Accent, &[(front + 0.06, -0.28), (front + 0.26, -0.14)], 0.08);
    }
}

pub(super) fn horse(f: &mut Figure, i: &Instance) {
    let girth = i.span(0, 0.2, 0.27);
    let (rear, front) = (i.span(1, -0.62, -0.5), i.span(2, 0.3, 0.4));
    let ground = i.span(3, 0.8, 0.98);
    f.bow(
        Dark,
        &[(rear - 0.02, -0.15), (rear - 0.2, -0.02), (rear - 0.22 - i.span(4, 0.0, 0.14), 0.45)],
        0.13,
    );
    legs(f, rear + 0.06, front, 0.08, ground, i.span(5, 0.1, 0.13), i.span(6, 0.0, 0.12));
    f.blob(
        Body,
        &[
            (rear - 0.08, -0.05),
            (rear + 0.12, -girth - 0.04),
            (front - 0.15, -girth),
            (front + 0.14, -0.2),
            (front + 0.08, girth),
            (rear + 0.15, girth * 0.8),
        ],
    );
    let poll = (front + i.span(7, 0.25, 0.4), i.span(8, -0.88, -0.7));
    f.polygon(
        Body,
        &[
            (front - 0.22, -0.15),
            (poll.0 - 0.12, poll.1),
            (poll.0 + 0.12, poll.1 + 0.1),
            (front + 0.16, 0.05),
        ],
    );
    f.bow(Dark, &[(poll.0 - 0.1, poll.1 - 0.04), (front - 0.02, -0.45), (front - 0.2, -0.2)], 0.11);
    f.line(Body, &[(poll.0, poll.1 + 0.02), (poll.0 + 0.32, poll.1 + 0.3)], 0.2);
    f.polygon(
        Body,
        &[(poll.0 - 0.1, poll.1 - 0.02), (poll.0 - 0.02, poll.1 - 0.22), (poll.0 + 0.08, poll.1)],
    );
    f.disc(Light, (poll.0 + 0.1, poll.1 + 0.05), 0.045);
    if i.has(9, 0.5) {
        f.round(Accent, (-0.22, -girth - 0.08), (0.14, 0.02), 0.08);
    }
}

pub(super) fn butterfly(f: &mut Figure, i: &Instance) {
    let (span, rise) = (i.span(0, 0.75, 0.95), i.span(1, 0.55, 0.8));
    let (low, fall) = (i.span(2, 0.5, 0.7), i.span(3, 0.5, 0.75));
    for side in [-1.0, 1.0] {
        f.blob(
            Accent,
            &[
                (side * 0.05, 0.05),
                (side * low, 0.12),
                (side * low * 0.95, fall),
                (side * 0.25, fall * 0.9),
            ],
        );
        f.blob(
            Body,
            &[
                (side * 0.05, 0.1),
                (side * 0.3, -rise * 0.75),
                (side * span, -rise),
                (side * span * 0.95, -0.1),
                (side * 0.45, 0.15),
            ],
        );
        let spot = i.span(4, 0.09, 0.17);
        f.disc(Light, (side * span * 0.68, -rise * 0.52), spot);
        if i.has(5, 0.5) {
            f.disc(Light, (side * low * 0.6, fall * 0.55), spot * 0.8);
        }
        f.bow(
            Dark,
            &[(0.0, -0.35), (side * 0.12, -0.65), (side * i.span(6, 0.2, 0.35), -0.8)],
            0.045,
        );
    }
    f.ellipse(Dark, (0.0, 0.05), (i.span(7, 0.07, 0.11), i.span(8, 0.4, 0.5)));
    f.disc(Dark, (0.0, -0.38), 0.11);
}
