use crate::Instance;
use crate::figure::Figure;
use crate::figure::Stuff::{Accent, Body, Dark, Light};

pub(super) fn umbrella(f: &mut Figure, i: &Instance) {
    let half = i.span(0, 0.85, 1.0);
    let crown = i.span(1, -0.85, -0.6);
    let hem = i.span(2, -0.05, 0.1);
    let hook = i.span(3, 0.12, 0.2);
    let low = i.span(4, 0.7, 0.85);
    f.line(Dark, &[(0.0, crown - 0.14), (0.0, low)], 0.075);
    f.bow(
        Dark,
        &[
            (0.0, low - 0.05),
            (0.03, low + hook * 0.8),
            (hook, low + hook),
            (2.0 * hook, low + hook * 0.5),
            (2.0 * hook, low),
        ],
        0.1,
    );
    let scallops = i.count(5, 3, 5);
    let depth = i.span(6, 0.08, 0.2);
    let mut hull = vec![
        (-half, hem),
        (-half * 0.8, crown * 0.6 + hem * 0.4),
        (-half * 0.42, crown + 0.08),
        (0.0, crown),
        (half * 0.42, crown + 0.08),
        (half * 0.8, crown * 0.6 + hem * 0.4),
        (half, hem),
    ];
    for s in (0..2 * scallops - 1).rev() {
        let x = -half + 2.0 * half * (s + 1) as f32 / (2 * scallops) as f32;
        hull.push((x, if s % 2 == 0 { hem - depth } else { hem }));
    }
    f.blob(Body, &hull);
    for s in 1..scallops {
        let x = -half + 2.0 * half * s as f32 / scallops as f32;
        f.bow(Accent, &[(0.0, crown), (x * 0.72, (crown + hem) / 2.0 - 0.06), (x, hem)], 0.05);
    }
    if i.has(7, 0.4) {
        f.disc(Light, (0.0, crown - 0.1), 0.09);
    }
}

pub(super) fn hat(f: &mut Figure, i: &Instance) {
    let (brim, crown) = (i.span(0, 0.85, 1.0), i.span(1, 0.42, 0.58));
    let (top, flare) = (i.span(2, -0.75, -0.35), i.span(3, -0.12, 0.1));
    let curl = i.span(4, -0.02, 0.16);
    f.blob(
        Accent,
        &[
            (-brim, 0.25 - curl),
            (-crown, 0.26),
            (0.0, 0.24),
            (crown, 0.26),
            (brim, 0.25 - curl),
            (crown, 0.45),
            (0.0, 0.5),
            (-crown, 0.45),
        ],
    );
    f.polygon(
        Body,
        &[
            (-crown, 0.32),
            (-crown - flare, top),
            (-crown * 0.4, top - 0.08),
            (0.0, top + i.span(5, -0.12, 0.12)),
            (crown * 0.4, top - 0.08),
            (crown + flare, top),
            (crown, 0.32),
            (0.0, 0.38),
        ],
    );
    let band = i.span(6, 0.12, 0.24);
    f.polygon(
        Dark,
        &[
            (-crown - flare * 0.2, 0.32 - band),
            (crown + flare * 0.2, 0.32 - band),
            (crown, 0.3),
            (0.0, 0.36),
            (-crown, 0.3),
        ],
    );
    if i.has(7, 0.5) {
        f.bow(
            Light,
            &[
                (crown * 0.6, 0.2),
                (crown * 0.85, -0.25),
                (crown * 0.6 + i.span(8, 0.1, 0.4), top - 0.15),
            ],
            0.12,
        );
    }
}

pub(super) fn shoe(f: &mut Figure, i: &Instance) {
    let (toe, heel) = (i.span(0, 0.88, 1.0), -0.9);
    let collar = i.span(1, -0.7, -0.3);
    let opening = i.span(2, -0.3, -0.12);
    let vamp = i.span(3, -0.1, 0.08);
    f.blob(
        Body,
        &[
            (heel, 0.4),
            (heel + 0.02, 0.0),
            (heel + i.span(4, 0.0, 0.1), collar),
            (opening, collar),
            (opening + 0.22, vamp - 0.12),
            (toe - 0.4, vamp + 0.02),
            (toe - 0.02, 0.22),
            (toe - 0.04, 0.4),
        ],
    );
    f.ellipse(
        Dark,
        ((heel + opening) / 2.0 + 0.02, collar + 0.01),
        ((opening - heel) / 2.0 - 0.05, 0.08),
    );
    f.blob(
        Accent,
        &[(toe - 0.42, 0.4), (toe - 0.36, vamp + 0.12), (toe - 0.1, 0.16), (toe - 0.02, 0.4)],
    );
    let sole = i.span(5, 0.1, 0.18);
    f.round(Dark, (heel - 0.04, 0.38), (toe + 0.02, 0.38 + sole), 0.05);
    if i.has(6, 0.4) {
        f.rect(Dark, (heel - 0.04, 0.38), (heel + 0.4, 0.38 + sole + 0.2));
    }
    let laces = i.count(7, 2, 4);
    for l in 0..laces {
        let share = (l as f32 + 0.3) / laces as f32;
        let (x, y) =
            (opening + 0.02 + 0.42 * share, collar + 0.14 + (vamp - collar - 0.02) * share);
        f.line(Light, &[(x - 0.16, y + 0.06), (x + 0.02, y - 0.05)], 0.06);
    }
    if i.has(8, 0.5) {
        f.bow(Accent, &[(heel + 0.25, 0.22), (-0.25, 0.24), (0.1, 0.02)], 0.1);
    }
}

pub(super) fn shirt(f: &mut Figure, i: &Instance) {
    let (half, hem) = (i.span(0, 0.42, 0.54), i.span(1, 0.75, 0.95));
    let shoulder = -0.62;
    let reach = half + i.span(2, 0.36, 0.5);
    let cuff = i.span(3, -0.2, 0.3);
    let sleeve = i.span(4, 0.24, 0.34);
    let collar = i.span(5, 0.2, 0.28);
    for side in [-1.0, 1.0] {
        f.polygon(
            Body,
            &[
                (side * collar, shoulder - 0.1),
                (side * half, shoulder),
                (side * reach, cuff - 0.02),
                (side * (reach - sleeve), cuff + 0.14),
                (side * half * 0.75, shoulder + 0.55),
            ],
        );
        f.line(
            Accent,
            &[(side * (reach - 0.02), cuff), (side * (reach - sleeve + 0.03), cuff + 0.12)],
            0.08,
        );
    }
    f.polygon(
        Body,
        &[
            (-collar, shoulder - 0.1),
            (collar, shoulder - 0.1),
            (half, shoulder + 0.08),
            (half, hem),
            (-half, hem),
            (-half, shoulder + 0.08),
        ],
    );
    let neck = i.span(6, 0.14, 0.3);
    f.polygon(
        Dark,
        &[(-collar, shoulder - 0.12), (collar, shoulder - 0.12), (0.0, shoulder - 0.1 + neck)],
    );
    if i.has(7, 0.5) {
        f.line(Accent, &[(0.0, shoulder + neck), (0.0, hem - 0.04)], 0.05);
        for k in 0..4 {
            let y = shoulder + neck + 0.1 + (hem - shoulder - neck - 0.2) * k as f32 / 3.0;
            f.disc(Light, (0.0, y), 0.045);
        }
    } else {
        f.rect(Accent, (0.1, shoulder + 0.35), (half * 0.8, shoulder + 0.62));
    }
    if i.has(8, 0.4) {
        f.line(Dark, &[(-half, hem - 0.05), (half, hem - 0.05)], 0.08);
    }
}
