use std::f32::consts::TAU;

use crate::Instance;
use crate::figure::Figure;
use crate::figure::Stuff::{Accent, Body, Dark, Light};

/// Adds a window with crossed glazing bars.
fn window(f: &mut Figure, centre: (f32, f32), half: (f32, f32), cross: bool) {
    let (x, y) = centre;
    f.rect(Light, (x - half.0, y - half.1), (x + half.0, y + half.1));
    if cross {
        f.line(Dark, &[(x, y - half.1), (x, y + half.1)], 0.035);
        f.line(Dark, &[(x - half.0, y), (x + half.0, y)], 0.035);
    }
}

pub(super) fn house(f: &mut Figure, i: &Instance) {
    let half = i.span(0, 0.65, 0.9);
    let eaves = i.span(1, -0.2, 0.05);
    let ridge = eaves - i.span(2, 0.45, 0.75);
    let ground = 0.8;
    let overhang = i.span(3, 0.05, 0.18);
    if i.has(4, 0.65) {
        let x = half * i.span(5, 0.35, 0.6);
        f.rect(Dark, (x - 0.1, ridge - 0.05), (x + 0.1, eaves));
    }
    f.rect(Body, (-half, eaves), (half, ground));
    let flat = if i.has(6, 0.5) { 0.0 } else { half * 0.5 };
    f.polygon(
        Accent,
        &[
            (-half - overhang, eaves),
            (-flat, ridge),
            (flat + 0.01, ridge),
            (half + overhang, eaves),
        ],
    );
    let door = i.span(7, -0.35, 0.35) * half;
    f.rect(Dark, (door - 0.13, ground - 0.48), (door + 0.13, ground));
    let (wide, cross) = (i.span(8, 0.11, 0.16), i.has(9, 0.6));
    for x in [-half * 0.68, half * 0.68] {
        window(f, (x, eaves + 0.34), (wide, 0.15), cross);
    }
}

pub(super) fn castle(f: &mut Figure, i: &Instance) {
    let half = i.span(0, 0.65, 0.8);
    let (wide, top) = (i.span(1, 0.2, 0.28), i.span(2, -0.6, -0.4));
    let wall = i.span(3, -0.1, 0.15);
    let ground = 0.85;
    f.rect(Body, (-half, wall), (half, ground));
    for k in 0..4 {
        let x = -half + wide + (2.0 * (half - wide)) * (k as f32 + 0.5) / 4.0;
        f.rect(Body, (x - 0.07, wall - 0.13), (x + 0.07, wall + 0.02));
    }
    let spires = i.has(4, 0.5);
    for side in [-half, half] {
        f.rect(Body, (side - wide, top), (side + wide, ground));
        if spires {
            let tip = top - i.span(5, 0.4, 0.6);
            f.polygon(Accent, &[(side - wide - 0.06, top), (side, tip), (side + wide + 0.06, top)]);
        } else {
            for x in [side - wide + 0.07, side, side + wide - 0.07] {
                f.rect(Body, (x - 0.07, top - 0.15), (x + 0.07, top + 0.02));
            }
        }
        let slit = top + i.span(6, 0.25, 0.4);
        f.rect(Light, (side - 0.06, slit - 0.12), (side + 0.06, slit + 0.12));
    }
    let gate = i.span(7, 0.14, 0.22);
    f.ellipse(Dark, (0.0, ground - 0.38), (gate, gate));
    f.rect(Dark, (-gate, ground - 0.38), (gate, ground));
    if i.has(8, 0.4) {
        f.line(Dark, &[(0.0, wall), (0.0, wall - 0.55)], 0.05);
        f.polygon(Accent, &[(0.0, wall - 0.6), (0.32, wall - 0.48), (0.0, wall - 0.34)]);
    }
}

pub(super) fn church(f: &mut Figure, i: &Instance) {
    let tower = i.span(0, -0.55, -0.4);
    let wide = i.span(1, 0.2, 0.27);
    let belfry = i.span(2, -0.35, -0.15);
    let tip = belfry - i.span(3, 0.5, 0.75);
    let end = i.span(4, 0.75, 0.95);
    let eaves = i.span(5, 0.1, 0.25);
    let ground = 0.85;
    f.rect(Body, (tower, eaves), (end, ground));
    let ridge = eaves - i.span(6, 0.25, 0.4);
    f.polygon(
        Accent,
        &[(tower, ridge), (end - 0.12, ridge), (end + 0.08, eaves + 0.02), (tower, eaves + 0.02)],
    );
    f.rect(Body, (tower - wide, belfry), (tower + wide, ground));
    f.polygon(
        Accent,
        &[(tower - wide - 0.06, belfry), (tower, tip), (tower + wide + 0.06, belfry)],
    );
    f.line(Dark, &[(tower, tip), (tower, tip - 0.28)], 0.05);
    f.line(Dark, &[(tower - 0.1, tip - 0.17), (tower + 0.1, tip - 0.17)], 0.05);
    f.disc(Light, (tower, belfry + 0.2), 0.1);
    f.rect(Dark, (tower - 0.1, ground - 0.34), (tower + 0.1, ground));
    let windows = i.count(7, 2, 4);
    let room = end - 0.1 - (tower + wide + 0.08);
    for k in 0..windows {
        let x = tower + wide + 0.08 + room * (k as f32 + 0.5) / windows as f32;
        f.rect(Light, (x - 0.065, eaves + 0.24), (x + 0.065, ground - 0.14));
        f.disc(Light, (x, eaves + 0.24), 0.065);
    }
}

pub(super) fn windmill(f: &mut Figure, i: &Instance) {
    let (foot, neck) = (i.span(0, 0.36, 0.48), i.span(1, 0.2, 0.28));
    let shoulder = i.span(2, -0.35, -0.2);
    let ground = 1.0;
    f.polygon(Body, &[(-neck, shoulder), (neck, shoulder), (foot, ground), (-foot, ground)]);
    f.blob(
        Accent,
        &[
            (-neck - 0.05, shoulder + 0.02),
            (-neck * 0.7, shoulder - 0.2),
            (0.0, shoulder - 0.3),
            (neck * 0.7, shoulder - 0.2),
            (neck + 0.05, shoulder + 0.02),
            (0.0, shoulder + 0.05),
        ],
    );
    f.round(Dark, (-0.11, ground - 0.36), (0.11, ground), 0.05);
    if i.has(3, 0.6) {
        f.rect(Light, (-0.07, shoulder + 0.42), (0.07, shoulder + 0.6));
    }
    if i.has(4, 0.4) {
        f.line(Dark, &[(-foot * 0.85, 0.55), (foot * 0.85, 0.55)], 0.07);
    }
    let hub = (0.0, shoulder - 0.08);
    let (long, broad) = (i.span(5, 0.75, 0.95), i.span(6, 0.14, 0.22));
    let turn = i.span(7, 0.2, 1.3);
    let slats = i.count(8, 2, 4);
    for blade in 0..4 {
        let angle = turn + TAU * blade as f32 / 4.0;
        let (x, y) = (angle.cos(), angle.sin());
        let at =
            |along: f32, aside: f32| (hub.0 + along * x - aside * y, hub.1 + along * y + aside * x);
        let sail = [at(0.2, 0.0), at(long, 0.0), at(long, broad), at(0.2, broad)];
        f.polygon(Light, &sail);
        for s in 1..slats {
            let along = 0.2 + (long - 0.2) * s as f32 / slats as f32;
            f.line(Dark, &[at(along, 0.0), at(along, broad)], 0.03);
        }
        f.line(Dark, &[hub, at(long, 0.0)], 0.06);
    }
    f.disc(Dark, hub, i.span(9, 0.07, 0.1));
}

pub(super) fn lighthouse(f: &mut Figure, i: &Instance) {
    let (foot, neck) = (i.span(0, 0.28, 0.36), i.span(1, 0.15, 0.2));
    let gallery = i.span(2, -0.62, -0.45);
    let ground = 0.82;
    let rocks = i.span(3, 0.5, 0.7);
    f.blob(
        Dark,
        &[
            (-rocks, 1.0),
            (-rocks * 0.8, ground - 0.02),
            (-0.2, ground - 0.12),
            (0.25, ground - 0.1),
            (rocks * 0.85, ground + 0.02),
            (rocks, 1.0),
        ],
    );
    f.polygon(Body, &[(-neck, gallery), (neck, gallery), (foot, ground), (-foot, ground)]);
    let bands = i.count(4, 1, 3);
    for b in 0..bands {
        let (from, to) = (
            (2 * b + 1) as f32 / (2 * bands + 1) as f32,
            (2 * b + 2) as f32 / (2 * bands + 1) as f32,
        );
        let edge = |share: f32| neck + (foot - neck) * share;
        let level = |share: f32| gallery + (ground - gallery) * share;
        f.polygon(
            Accent,
            &[
                (-edge(from), level(from)),
                (edge(from), level(from)),
                (edge(to), level(to)),
                (-edge(to), level(to)),
            ],
        );
    }
    f.round(Dark, (-0.08, ground - 0.26), (0.08, ground - 0.02), 0.05);
    let lamp = i.span(5, 0.1, 0.15);
    let dome = gallery - i.span(6, 0.22, 0.32);
    f.rect(Light, (-lamp, dome), (lamp, gallery));
    f.rect(Dark, (-neck - 0.1, gallery - 0.04), (neck + 0.1, gallery + 0.06));
    f.polygon(
        Accent,
        &[(-lamp - 0.08, dome), (0.0, dome - i.span(7, 0.16, 0.26)), (lamp + 0.08, dome)],
    );
    if i.has(8, 0.5) {
        for side in [-1.0, 1.0] {
            f.polygon(
                Light,
                &[
                    (side * (lamp + 0.1), gallery - 0.14),
                    (side * 0.62, gallery - 0.34),
                    (side * 0.62, gallery - 0.02),
                ],
            );
        }
    }
}
