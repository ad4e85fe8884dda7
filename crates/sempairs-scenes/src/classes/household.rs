use std::f32::consts::TAU;

use crate::Instance;
use crate::figure::Stuff::{Accent, Body, Dark, Light};
use crate::figure::{Figure, around};

pub(super) fn cup(f: &mut Figure, i: &Instance) {
    let (rim, foot) = (i.span(0, 0.5, 0.66), i.span(1, 0.34, 0.6));
    let (top, base) = (i.span(2, -0.6, -0.35), i.span(3, 0.5, 0.75));
    let belly = (rim + foot) / 2.0 + i.span(4, -0.02, 0.1);
    let handle = i.span(5, 0.32, 0.46);
    let (high, low) = (top + 0.2, base - 0.28);
    f.bow(
        Accent,
        &[
            (rim - 0.12, high),
            (rim + handle * 0.8, high),
            (rim + handle, (high + low) / 2.0),
            (belly + handle * 0.5, low),
            (belly - 0.15, low),
        ],
        i.span(6, 0.11, 0.17),
    );
    f.blob(
        Body,
        &[
            (-rim, top),
            (-rim * 0.5, top),
            (rim * 0.5, top),
            (rim, top),
            (belly, (top + base) / 2.0),
            (foot, base),
            (0.0, base + 0.02),
            (-foot, base),
            (-belly, (top + base) / 2.0),
        ],
    );
    f.ellipse(Light, (0.0, top), (rim, 0.13));
    f.ellipse(Dark, (0.0, top + 0.02), (rim * 0.82, 0.08));
    if i.has(7, 0.4) {
        f.ellipse(Accent, (0.0, base + 0.12), (rim + 0.25, 0.09));
    }
    if i.has(8, 0.35) {
        for x in [-0.18, 0.12] {
            f.bow(
                Light,
                &[
                    (x, top - 0.2),
                    (x + 0.08, top - 0.32),
                    (x - 0.02, top - 0.45),
                    (x + 0.06, top - 0.58),
                ],
                0.055,
            );
        }
    }
}

pub(super) fn bottle(f: &mut Figure, i: &Instance) {
    let (half, neck) = (i.span(0, 0.27, 0.4), i.span(1, 0.09, 0.14));
    let (shoulder, throat) = (i.span(2, -0.3, 0.0), i.span(3, -0.65, -0.5));
    let top = i.span(4, -1.05, -0.9);
    f.round(Body, (-half, shoulder), (half, 1.0), 0.1);
    let kink = i.span(5, 0.3, 0.9);
    f.polygon(
        Body,
        &[
            (-half, shoulder + 0.1),
            (-half * kink - neck * (1.0 - kink), (shoulder + throat) / 2.0),
            (-neck, throat),
            (-neck, top),
            (neck, top),
            (neck, throat),
            (half * kink + neck * (1.0 - kink), (shoulder + throat) / 2.0),
            (half, shoulder + 0.1),
        ],
    );
    f.rect(Dark, (-neck - 0.04, top - 0.12), (neck + 0.04, top + 0.05));
    let label = i.span(6, 0.1, 0.35);
    f.rect(Light, (-half, label), (half, label + i.span(7, 0.25, 0.45)));
    if i.has(8, 0.5) {
        f.disc(Accent, (0.0, label + 0.16), 0.1);
    }
}

/// Adds a slanted leg from a seat or table top down to the ground.
fn leg(f: &mut Figure, top: (f32, f32), ground: f32, slant: f32, width: f32) {
    f.line(Accent, &[top, (top.0 + slant, ground)], width);
}

pub(super) fn chair(f: &mut Figure, i: &Instance) {
    let half = i.span(0, 0.38, 0.52);
    let seat = i.span(1, 0.05, 0.2);
    let back = i.span(2, -0.95, -0.7);
    let width = i.span(3, 0.08, 0.13);
    let slant = i.span(4, 0.0, 0.12);
    let skew = i.span(5, 0.12, 0.26);
    leg(f, (half - skew * 0.3, seat), 0.82, slant, width);
    leg(f, (-half + skew, seat), 0.82, 0.0, width);
    leg(f, (-half, seat), 1.0, -slant, width);
    leg(f, (half - skew, seat), 1.0, 0.0, width);
    let lean = i.span(6, 0.0, 0.15);
    let rail = (-half + skew * 0.4 - lean, back);
    f.line(Accent, &[(-half, seat), (-half - lean, back + 0.12)], width);
    f.line(Accent, &[(-half + skew, seat - 0.1), (-half + skew - lean, back - 0.05)], width);
    f.polygon(
        Body,
        &[
            (rail.0 - 0.2, back + 0.12),
            (rail.0 + 0.26, back - 0.05),
            (rail.0 + 0.3, back + i.span(7, 0.3, 0.5)),
            (rail.0 - 0.16, back + i.span(7, 0.45, 0.65)),
        ],
    );
    f.polygon(
        Body,
        &[
            (-half - 0.06, seat + 0.06),
            (-half + skew, seat - 0.14),
            (half + 0.06, seat - 0.14),
            (half - skew + 0.1, seat + 0.06),
        ],
    );
    f.rect(Dark, (-half - 0.06, seat + 0.04), (half - skew + 0.1, seat + 0.13));
}

pub(super) fn table(f: &mut Figure, i: &Instance) {
    let half = i.span(0, 0.8, 1.0);
    let top = i.span(1, -0.35, -0.15);
    let depth = i.span(2, 0.12, 0.24);
    let skew = i.span(3, 0.1, 0.3);
    let width = i.span(4, 0.08, 0.13);
    let ground = i.span(5, 0.5, 0.75);
    let slant = i.span(6, -0.05, 0.1);
    leg(f, (half - skew * 0.6, top), ground - depth, slant, width);
    leg(f, (-half + skew, top), ground - depth, -slant, width);
    f.polygon(
        Body,
        &[
            (-half + skew, top - depth),
            (half, top - depth),
            (half - skew * 0.5, top + 0.06),
            (-half, top + 0.06),
        ],
    );
    f.rect(Accent, (-half, top + 0.06), (half - skew * 0.5, top + 0.15));
    leg(f, (-half + 0.08, top + 0.15), ground, -slant, width);
    leg(f, (half - skew * 0.5 - 0.08, top + 0.15), ground, slant, width);
    if i.has(7, 0.4) {
        f.round(Dark, (-0.2, top + 0.06), (0.2, top + 0.26), 0.02);
        f.disc(Light, (0.0, top + 0.16), 0.045);
    }
}

pub(super) fn clock(f: &mut Figure, i: &Instance) {
    let (rim, centre) = (i.span(0, 0.1, 0.2), (0.0, 0.0));
    let (wide, tall) = (i.span(5, 0.64, 0.8), 0.78);
    if i.has(1, 0.6) {
        let (bell, spread) = (i.span(6, 0.16, 0.26), i.span(7, 0.5, 0.75));
        for side in [-1.0, 1.0] {
            f.ellipse(Accent, (side * wide * 0.62, -0.68), (bell, 0.85 * bell));
            f.line(Dark, &[(side * wide * 0.5, 0.6), (side * spread, 0.95)], 0.12);
        }
    } else {
        f.ring(Dark, (0.0, -tall - 0.06), i.span(6, 0.08, 0.16), 0.07);
    }
    f.ellipse(Body, centre, (wide, tall));
    f.ellipse(Light, centre, (wide - rim, tall - rim));
    let marks = if i.has(2, 0.5) { 4 } else { 12 };
    for (x, y) in around(centre, marks, 0.0, |_| 1.0) {
        let dot = if marks == 4 { 0.065 } else { 0.04 };
        f.disc(Dark, (x * (wide - rim - 0.12), y * (tall - rim - 0.12)), dot);
    }
    for (turn, length, width) in [(3, 0.32, 0.1), (4, 0.46, 0.065)] {
        let (sin, cos) = (TAU * i.proportions[turn]).sin_cos();
        f.line(Dark, &[centre, (length * cos, length * sin)], width);
    }
    f.disc(Accent, centre, 0.075);
}

pub(super) fn lamp(f: &mut Figure, i: &Instance) {
    let (top, brim) = (i.span(0, 0.16, 0.36), i.span(1, 0.48, 0.66));
    let (crown, hem) = (-1.0, i.span(2, -0.45, -0.2));
    let foot = i.span(3, 0.3, 0.5);
    f.line(Dark, &[(0.0, hem), (0.0, 0.9)], i.span(4, 0.08, 0.13));
    if i.has(5, 0.55) {
        f.ellipse(Accent, (0.0, i.span(6, 0.3, 0.5)), (i.span(7, 0.16, 0.3), 0.26));
    }
    f.polygon(Body, &[(-top, crown), (top, crown), (brim, hem), (-brim, hem)]);
    f.ellipse(Light, (0.0, hem), (brim, 0.08));
    f.polygon(Accent, &[(-foot * 0.5, 0.82), (foot * 0.5, 0.82), (foot, 1.0), (-foot, 1.0)]);
    if i.has(8, 0.4) {
        f.line(Light, &[(brim * 0.55, hem), (brim * 0.55, hem + 0.3)], 0.04);
        f.disc(Light, (brim * 0.55, hem + 0.34), 0.055);
    }
}

pub(super) fn teapot(f: &mut Figure, i: &Instance) {
    let (wide, tall) = (i.span(0, 0.5, 0.6), i.span(1, 0.4, 0.55));
    let handle = i.span(2, 0.3, 0.42);
    f.bow(
        Accent,
        &[
            (-wide * 0.75, -tall * 0.55),
            (-wide - handle * 0.7, -tall * 0.6),
            (-wide - handle, 0.0),
            (-wide * 0.85, tall * 0.5),
        ],
        i.span(3, 0.1, 0.15),
    );
    let reach = i.span(4, 0.36, 0.5);
    let lip = -tall * i.span(5, 0.7, 1.0);
    f.blob(
        Accent,
        &[
            (wide * 0.7, -tall * 0.05),
            (wide + reach * 0.35, -0.02),
            (wide + reach * 0.6, lip),
            (wide + reach, lip - 0.06),
            (wide + reach * 0.78, 0.12),
            (wide * 0.7, tall * 0.7),
        ],
    );
    f.ellipse(Body, (0.0, 0.0), (wide, tall));
    f.ellipse(Dark, (0.0, -tall * 0.88), (wide * 0.55, 0.1));
    f.ellipse(Body, (0.0, -tall * 0.97), (wide * 0.48, i.span(6, 0.08, 0.16)));
    f.disc(Light, (0.0, -tall - i.span(6, 0.1, 0.18)), i.span(7, 0.07, 0.12));
    f.rect(Dark, (-wide * 0.55, tall * 0.92), (wide * 0.55, tall + 0.06));
    if i.has(8, 0.4) {
        f.line(Light, &[(-wide * 0.9, 0.05), (wide * 0.9, 0.05)], 0.08);
    }
}

pub(super) fn pan(f: &mut Figure, i: &Instance) {
    let (wide, deep) = (i.span(0, 0.5, 0.62), i.span(1, 0.24, 0.42));
    let rim = i.span(2, -0.05, 0.1);
    let base = wide * i.span(3, 0.7, 0.92);
    let lift = i.span(4, 0.0, 0.3);
    let left = -0.42;
    let end = (1.02, rim + 0.02 - lift);
    f.line(Dark, &[(left + wide - 0.05, rim + 0.08), end], i.span(5, 0.1, 0.15));
    f.disc(Light, (end.0 - 0.04, end.1 + 0.01), 0.035);
    f.polygon(
        Body,
        &[
            (left - wide, rim),
            (left + wide, rim),
            (left + base, rim + deep),
            (left - base, rim + deep),
        ],
    );
    f.round(Accent, (left - wide - 0.05, rim - 0.05), (left + wide + 0.05, rim + 0.07), 0.05);
    if i.has(6, 0.6) {
        // A lid with a knob.
        let dome = i.span(7, 0.14, 0.26);
        f.blob(
            Accent,
            &[
                (left - wide, rim - 0.03),
                (left - wide * 0.6, rim - 0.03 - dome * 0.8),
                (left, rim - 0.03 - dome),
                (left + wide * 0.6, rim - 0.03 - dome * 0.8),
                (left + wide, rim - 0.03),
            ],
        );
        f.disc(Dark, (left, rim - 0.08 - dome), i.span(8, 0.07, 0.1));
    } else {
        for x in [-0.22, 0.0, 0.22] {
            f.bow(
                Light,
                &[
                    (left + x, rim - 0.14),
                    (left + x + 0.07, rim - 0.25),
                    (left + x - 0.02, rim - 0.36),
                    (left + x + 0.06, rim - 0.48),
                ],
                0.055,
            );
        }
    }
}
