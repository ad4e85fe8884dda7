use crate::Instance;
use crate::figure::Stuff::{Accent, Body, Dark, Light};
use crate::figure::{Figure, around};

pub(super) fn guitar(f: &mut Figure, i: &Instance) {
    let (lower, upper) = (i.span(0, 0.38, 0.46), i.span(1, 0.26, 0.34));
    let waist = i.span(2, 0.18, 0.26);
    let (neck, nut) = (i.span(3, 0.055, 0.08), i.span(4, -1.0, -0.8));
    f.rect(Accent, (-neck, nut), (neck, 0.3));
    f.polygon(
        Dark,
        &[
            (-neck * 1.2, nut),
            (-neck * 2.0, nut - 0.28),
            (neck * 2.0, nut - 0.28),
            (neck * 1.2, nut),
        ],
    );
    let pegs = i.count(5, 2, 3);
    for p in 0..pegs {
        let y = nut - 0.06 - 0.18 * p as f32 / pegs as f32;
        f.line(Light, &[(-neck * 2.6, y), (neck * 2.6, y)], 0.05);
    }
    let cut = i.span(6, -0.12, 0.1);
    f.blob(
        Body,
        &[
            (0.0, -0.22),
            (upper, -0.16 + cut * 0.5),
            (waist, 0.22),
            (lower, 0.6),
            (lower * 0.55, 0.96),
            (0.0, 1.0),
            (-lower * 0.55, 0.96),
            (-lower, 0.6),
            (-waist, 0.22),
            (-upper, -0.16),
        ],
    );
    f.rect(Accent, (-neck, nut), (neck, 0.12));
    f.disc(Dark, (0.0, 0.24), i.span(7, 0.12, 0.17));
    f.rect(Dark, (-0.18, 0.66), (0.18, 0.75));
    f.line(Light, &[(0.0, nut), (0.0, 0.7)], 0.03);
    if i.has(8, 0.4) {
        f.blob(Accent, &[(0.14, 0.3), (0.3, 0.36), (0.28, 0.62), (0.16, 0.5)]);
    }
}

pub(super) fn key(f: &mut Figure, i: &Instance) {
    let bow = i.span(0, 0.3, 0.42);
    let (end, shaft) = (i.span(1, 0.8, 1.0), i.span(2, 0.12, 0.18));
    let head = -0.62;
    f.line(Body, &[(head + bow, 0.0), (end, 0.0)], shaft);
    let teeth = i.count(3, 2, 4);
    for t in 0..teeth {
        let x = end - 0.02 - 0.17 * t as f32;
        let drop = 0.14 + 0.24 * i.proportions[4 + t];
        f.rect(Body, (x - 0.06, 0.0), (x + 0.06, drop));
    }
    if i.has(8, 0.5) {
        f.disc(Body, (head, 0.0), bow);
        f.hole((head - bow * 0.1, 0.0), (bow * 0.5, bow * 0.5));
    } else {
        for (dx, dy) in [(-0.5, 0.0), (0.25, -0.55), (0.25, 0.55)] {
            f.ring(Body, (head + dx * bow, dy * bow), bow * 0.5, 0.14);
        }
    }
    f.round(Accent, (head + bow - 0.05, -shaft), (head + bow + i.span(9, 0.08, 0.2), shaft), 0.04);
}

pub(super) fn scissors(f: &mut Figure, i: &Instance) {
    let open = i.span(0, 0.18, 0.42);
    let tip = i.span(1, 0.85, 1.0);
    let (loop_wide, loop_tall) = (i.span(2, 0.28, 0.36), i.span(3, 0.2, 0.27));
    let blade = i.span(4, 0.09, 0.14);
    for side in [-1.0, 1.0] {
        f.polygon(
            Body,
            &[
                (-0.1, -side * blade),
                (tip, -side * open * 1.4),
                (0.1, side * blade * 0.6),
                (-0.15, side * blade * 0.6),
            ],
        );
        let ring = (-0.55 - i.span(5, 0.0, 0.12), side * (open * 0.9 + 0.1));
        f.line(
            Accent,
            &[(0.0, 0.0), (ring.0 + loop_wide * 0.8, ring.1 * 0.75)],
            i.span(6, 0.11, 0.15),
        );
        let hoop: Vec<_> = around((0.0, 0.0), 8, 0.0, |_| 1.0)
            .into_iter()
            .map(|(x, y)| (ring.0 + x * loop_wide, ring.1 + y * loop_tall))
            .collect();
        let closed: Vec<_> = hoop.iter().chain(&hoop[..1]).copied().collect();
        f.bow(Accent, &closed, i.span(7, 0.1, 0.14));
    }
    f.disc(Dark, (0.0, 0.0), i.span(8, 0.06, 0.09));
    f.disc(Light, (0.0, 0.0), 0.03);
}

pub(super) fn hammer(f: &mut Figure, i: &Instance) {
    let (thick, half) = (i.span(0, 0.08, 0.13), i.span(1, 0.18, 0.24));
    let end = i.span(2, 0.8, 1.0);
    let head = -0.6;
    f.polygon(
        Accent,
        &[(-thick * 0.8, head), (thick * 0.8, head), (thick * 1.3, end), (-thick * 1.3, end)],
    );
    if i.has(3, 0.5) {
        f.round(Dark, (-thick * 1.6, end - 0.5), (thick * 1.6, end), 0.08);
    }
    let face = i.span(4, 0.42, 0.55);
    f.rect(Body, (-0.2, head - half), (face - 0.1, head + half * 0.8));
    f.rect(Dark, (face - 0.14, head - half * 1.25), (face + 0.06, head + half * 1.05));
    let claw = i.span(5, 0.6, 0.78);
    if i.has(6, 0.65) {
        f.blob(
            Body,
            &[
                (-0.15, head - half),
                (-claw * 0.7, head - half * 0.8),
                (-claw, head + half * 1.3),
                (-claw * 0.62, head + half * 0.4),
                (-0.15, head + half * 0.8),
            ],
        );
    } else {
        f.polygon(
            Body,
            &[
                (-0.15, head - half),
                (-claw, head + half * 0.2),
                (-claw, head + half * 0.5),
                (-0.15, head + half * 0.8),
            ],
        );
    }
    f.disc(Light, (0.0, head - half * 0.1), i.span(7, 0.05, 0.09));
}

pub(super) fn anchor(f: &mut Figure, i: &Instance) {
    let wide = i.span(0, 0.62, 0.82);
    let (low, rise) = (i.span(1, 0.75, 0.9), i.span(2, 0.4, 0.6));
    let top = -0.62;
    let thick = i.span(3, 0.13, 0.18);
    f.ring(Accent, (0.0, top - 0.16), i.span(4, 0.13, 0.18), 0.09);
    f.bow(
        Body,
        &[
            (-wide, low - rise),
            (-wide * 0.72, low - 0.16),
            (0.0, low),
            (wide * 0.72, low - 0.16),
            (wide, low - rise),
        ],
        thick,
    );
    for side in [-1.0, 1.0] {
        f.polygon(
            Body,
            &[
                (side * (wide + 0.04), low - rise - 0.26),
                (side * (wide + 0.17), low - rise + 0.1),
                (side * (wide - 0.24), low - rise + 0.02),
            ],
        );
    }
    f.line(Body, &[(0.0, top), (0.0, low)], thick);
    let stock = i.span(5, 0.3, 0.46);
    let level = top + i.span(6, 0.12, 0.26);
    f.line(Dark, &[(-stock, level), (stock, level)], i.span(7, 0.09, 0.13));
    for side in [-stock, stock] {
        f.disc(Light, (side, level), 0.07);
    }
    if i.has(8, 0.4) {
        f.bow(
            Light,
            &[(0.0, top - 0.16), (0.34, -0.3), (-0.2, 0.05), (0.28, 0.4), (0.1, 0.75)],
            0.06,
        );
    }
}

pub(super) fn saw(f: &mut Figure, i: &Instance) {
    let (heel, toe) = (i.span(0, 0.26, 0.36), i.span(1, 0.12, 0.2));
    let end = i.span(2, 0.9, 1.05);
    let teeth = i.count(3, 7, 11);
    let depth = i.span(4, 0.07, 0.12);
    let from = -0.45;
    let mut blade = vec![(from, -heel), (end, heel - 2.0 * toe), (end, heel)];
    for t in 0..teeth {
        let right = end + (from - end) * t as f32 / teeth as f32;
        let left = end + (from - end) * (t + 1) as f32 / teeth as f32;
        blade.push(((right + left) / 2.0, heel + depth));
        blade.push((left, heel));
    }
    f.polygon(Body, &blade);
    if i.has(5, 0.5) {
        f.line(Dark, &[(from + 0.2, -heel * 0.3), (end - 0.25, heel - 1.4 * toe)], 0.04);
    }
    let (grip, tall) = (i.span(6, 0.36, 0.46), i.span(7, 0.36, 0.46));
    f.blob(
        Accent,
        &[
            (from + 0.14, -heel - 0.02),
            (from - grip * 0.6, -tall),
            (from - grip - 0.05, -tall * 0.4),
            (from - grip, tall * 0.8),
            (from - grip * 0.3, tall),
            (from + 0.14, heel - 0.02),
        ],
    );
    f.hole((from - grip * 0.48, 0.06), (grip * 0.27, tall * 0.42));
    for y in [-heel * 0.5, heel * 0.5] {
        f.disc(Light, (from + 0.02, y), i.span(8, 0.035, 0.055));
    }
}
