use std::f32::consts::TAU;

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

pub(super) fn elephant(f: &mut Figure, i: &Instance) {
    let girth = i.span(0, 0.36, 0.44);
    let ground = i.span(1, 0.7, 0.85);
    let leg = i.span(2, 0.19, 0.24);
    let head = (0.52, i.span(3, -0.3, -0.18));
    f.bow(Dark, &[(-0.68, -0.15), (-0.82, 0.0), (-0.84, i.span(4, 0.2, 0.36))], 0.06);
    for x in [-0.5, -0.22, 0.1, 0.34] {
        f.line(Body, &[(x, 0.1), (x, ground - 0.06)], leg);
        f.line(Dark, &[(x - leg * 0.25, ground), (x + leg * 0.25, ground)], 0.07);
    }
    f.blob(
        Body,
        &[
            (-0.74, -0.05),
            (-0.5, -girth),
            (0.0, -girth - 0.04),
            (0.45, -girth * 0.8),
            (0.5, 0.15),
            (0.1, girth * 0.75),
            (-0.45, girth * 0.75),
        ],
    );
    let curl = i.span(5, 0.0, 0.3);
    f.bow(
        Body,
        &[
            (head.0 + 0.2, head.1),
            (head.0 + 0.4, head.1 + 0.25),
            (head.0 + 0.42, 0.35),
            (head.0 + 0.46 + curl * 0.4, 0.6 - curl * 0.3),
            (head.0 + 0.5 + curl, 0.62 - curl),
        ],
        i.span(6, 0.15, 0.19),
    );
    f.ellipse(Body, head, (0.3, 0.29));
    if i.has(7, 0.6) {
        f.bow(
            Light,
            &[(head.0 + 0.16, head.1 + 0.2), (head.0 + 0.34, 0.22), (head.0 + 0.56, 0.14)],
            0.07,
        );
    }
    let (ear, hang) = (i.span(8, 0.2, 0.28), i.span(9, 0.28, 0.38));
    f.blob(
        Accent,
        &[
            (head.0 - 0.08, head.1 - hang * 0.75),
            (head.0 - 0.08 - ear, head.1 - hang * 0.6),
            (head.0 - 0.12 - ear, head.1 + hang * 0.3),
            (head.0 - 0.1, head.1 + hang),
            (head.0 + 0.06, head.1 + 0.02),
        ],
    );
    f.disc(Light, (head.0 + 0.16, head.1 - 0.08), 0.05);
}

pub(super) fn snail(f: &mut Figure, i: &Instance) {
    let shell = i.span(0, 0.5, 0.62);
    let ground = 0.6;
    let centre = (i.span(1, -0.3, -0.12), ground - 0.14 - shell * 0.92);
    let neck = i.span(2, -0.1, 0.15);
    let head = 0.82;
    for lean in [0.02, 0.2] {
        let tip = (head + lean, neck - i.span(3, 0.25, 0.42));
        f.line(Dark, &[(head, neck), tip], 0.05);
        f.disc(Dark, tip, 0.06);
    }
    f.bow(
        Accent,
        &[
            (-0.98, ground - 0.03),
            (-0.4, ground - 0.1),
            (0.3, ground - 0.12),
            (0.62, ground - 0.2),
            (head, neck + 0.08),
        ],
        i.span(4, 0.2, 0.27),
    );
    f.disc(Accent, (head + 0.02, neck + 0.06), 0.16);
    f.disc(Body, centre, shell);
    let turns = i.count(5, 2, 3);
    let first = i.span(6, 0.0, 1.5);
    let mut spiral = Vec::new();
    for k in 0..=8 * turns {
        let angle = first + TAU * k as f32 / 8.0;
        let radius = shell * 0.82 * k as f32 / (8 * turns) as f32;
        spiral.push((centre.0 + radius * angle.cos(), centre.1 + radius * angle.sin()));
    }
    f.bow(Dark, &spiral, i.span(7, 0.07, 0.1));
    f.disc(Light, (head + 0.08, neck + 0.02), 0.04);
    if i.has(8, 0.5) {
        f.bow(Light, &[(-0.7, ground), (0.0, ground - 0.02), (0.5, ground - 0.06)], 0.05);
    }
}
