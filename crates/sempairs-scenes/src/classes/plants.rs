use std::f32::consts::TAU;

use crate::Instance;
use crate::figure::Stuff::{Accent, Body, Dark, Light};
use crate::figure::{Figure, around};

pub(super) fn tree(f: &mut Figure, i: &Instance) {
    let trunk = i.span(0, 0.08, 0.14);
    let fork = i.span(1, -0.05, 0.25);
    f.polygon(
        Accent,
        &[(-trunk, fork - 0.2), (trunk, fork - 0.2), (trunk * 1.7, 1.0), (-trunk * 1.7, 1.0)],
    );
    if i.has(2, 0.5) {
        // A fir with tiers, each narrower than the one below.
        let (tiers, half) = (i.count(3, 3, 4), i.span(4, 0.5, 0.7));
        let step = (fork + 1.25) / (tiers as f32 + 0.6);
        for t in 0..tiers {
            let base = fork + 0.15 - t as f32 * step;
            let width = half * (1.0 - 0.22 * t as f32);
            f.polygon(Body, &[(-width, base), (0.0, base - 1.7 * step), (width, base)]);
        }
    } else {
        let (wide, bumps) = (i.span(3, 0.5, 0.72), i.count(4, 6, 9));
        let depth = i.span(5, 0.08, 0.28);
        let crown = around((0.0, fork - 0.6), 2 * bumps, i.span(6, 0.0, 0.6), |k| {
            wide * if k % 2 == 0 { 1.0 } else { 1.0 - depth }
        });
        f.blob(Body, &crown);
        if i.has(7, 0.5) {
            for (x, y) in
                around((0.0, fork - 0.6), i.count(8, 3, 5), i.span(9, 0.0, TAU), |_| wide * 0.55)
            {
                f.disc(Light, (x, y), 0.085);
            }
        }
    }
}

pub(super) fn mushroom(f: &mut Figure, i: &Instance) {
    let (stem, foot) = (i.span(0, 0.14, 0.24), i.span(1, 0.2, 0.34));
    let (wide, brim) = (i.span(2, 0.7, 0.92), i.span(3, -0.1, 0.15));
    let crown = brim - i.span(4, 0.55, 0.85);
    f.polygon(Accent, &[(-stem, brim - 0.05), (stem, brim - 0.05), (foot, 0.9), (-foot, 0.9)]);
    if i.has(5, 0.5) {
        f.ellipse(Light, (0.0, brim + 0.3), (stem + 0.12, 0.08));
    }
    let peak = i.span(6, 0.35, 0.7);
    f.blob(
        Body,
        &[
            (-wide, brim),
            (-wide * 0.85, brim - (brim - crown) * 0.55),
            (-wide * peak * 0.6, crown + 0.03),
            (0.0, crown),
            (wide * peak * 0.6, crown + 0.03),
            (wide * 0.85, brim - (brim - crown) * 0.55),
            (wide, brim),
            (0.0, brim + 0.14),
        ],
    );
    f.ellipse(Dark, (0.0, brim + 0.06), (wide * 0.75, 0.07));
    let spots = i.count(7, 0, 4);
    for k in 0..spots {
        let x = (k as f32 + 0.5) / spots as f32 * 2.0 - 1.0;
        let y = brim - (brim - crown) * (0.35 + 0.3 * ((k % 2) as f32));
        f.ellipse(Light, (x * wide * 0.55, y), (i.span(8, 0.08, 0.14), 0.09));
    }
}

pub(super) fn flower(f: &mut Figure, i: &Instance) {
    let (petals, long) = (i.count(0, 5, 8), i.span(1, 0.36, 0.46));
    let centre = (i.span(2, -0.1, 0.1), -0.5);
    let sway = i.span(3, -0.15, 0.15);
    f.bow(Dark, &[centre, (sway, 0.1), (0.0, 0.7)], 0.09);
    for (side, share) in [(-1.0, i.span(4, 0.0, 0.3)), (1.0, i.span(5, 0.0, 0.3))] {
        let root = (sway * 0.6, 0.15 + share);
        let tip = (root.0 + side * 0.46, root.1 - i.span(6, 0.1, 0.3));
        f.blob(
            Accent,
            &[
                root,
                (root.0 + side * 0.2, root.1 - 0.24),
                tip,
                (root.0 + side * 0.3, root.1 + 0.06),
            ],
        );
    }
    let fat = i.span(7, 0.55, 0.8) * TAU * long * 0.3 / petals as f32 + 0.06;
    for (x, y) in around(centre, petals, i.span(8, 0.0, TAU), |_| long) {
        f.line(
            Body,
            &[(centre.0 + 0.3 * (x - centre.0), centre.1 + 0.3 * (y - centre.1)), (x, y)],
            2.0 * fat,
        );
    }
    f.disc(Light, centre, i.span(9, 0.14, 0.2));
    f.polygon(Accent, &[(-0.36, 0.5), (0.36, 0.5), (0.26, 1.0), (-0.26, 1.0)]);
    f.rect(Accent, (-0.42, 0.45), (0.42, 0.6));
}

pub(super) fn cactus(f: &mut Figure, i: &Instance) {
    let thick = i.span(0, 0.34, 0.44);
    let top = i.span(1, -0.95, -0.8);
    let soil = 0.62;
    f.line(Body, &[(0.0, soil), (0.0, top)], thick);
    for (side, level, rise) in [
        (-1.0, i.span(2, -0.05, 0.25), i.span(3, 0.35, 0.6)),
        (1.0, i.span(4, -0.35, 0.05), i.span(5, 0.3, 0.55)),
    ] {
        let reach = side * i.span(6, 0.48, 0.6);
        f.line(
            Body,
            &[(side * 0.1, level), (reach, level), (reach, level - rise)],
            thick * i.span(7, 0.55, 0.7),
        );
    }
    f.line(Body, &[(0.0, soil), (0.0, top + 0.05)], thick * 0.85);
    for x in [-0.09, 0.09] {
        f.line(Light, &[(x, soil - 0.1), (x, top + 0.05)], 0.03);
    }
    if i.has(8, 0.5) {
        for (x, y) in around((0.0, top - 0.12), 5, 0.3, |_| 0.1) {
            f.disc(Accent, (x, y), 0.075);
        }
        f.disc(Light, (0.0, top - 0.12), 0.06);
    }
    let pot = i.span(9, 0.3, 0.42);
    f.polygon(Accent, &[(-pot, soil), (pot, soil), (pot * 0.75, 1.05), (-pot * 0.75, 1.05)]);
    f.rect(Dark, (-pot - 0.06, soil - 0.06), (pot + 0.06, soil + 0.08));
}
