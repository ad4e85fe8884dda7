use crate::Instance;
use crate::figure::Figure;
use crate::figure::Stuff::{Accent, Body, Dark, Light};

pub(super) fn car(f: &mut Figure, i: &Instance) {
    let half = i.span(0, 0.85, 1.05);
    let roof = i.span(1, -0.62, -0.42);
    let (rear, front) = (-half * i.span(2, 0.5, 0.85), half * i.span(3, 0.2, 0.5));
    let wheel = i.span(4, 0.16, 0.24);
    let waist = -0.1;
    let slope = i.span(5, 0.08, 0.3);
    f.polygon(
        Body,
        &[(rear, waist), (rear + slope * 0.6, roof), (front - slope, roof), (front, waist)],
    );
    f.round(Body, (-half, waist - 0.02), (half, 0.32), 0.12);
    let (left, right) = (rear + slope * 0.5 + 0.06, front - slope * 0.8 - 0.06);
    let pillar = left + (right - left) * i.span(6, 0.4, 0.6);
    for (a, b) in [(left, pillar - 0.04), (pillar + 0.04, right)] {
        f.polygon(Light, &[(a, waist), (a + 0.02, roof + 0.09), (b, roof + 0.09), (b, waist)]);
    }
    if i.has(7, 0.4) {
        f.line(Accent, &[(-half + 0.05, 0.12), (half - 0.05, 0.12)], 0.07);
    }
    if i.has(8, 0.3) {
        f.rect(Accent, (rear + slope + 0.05, roof - 0.1), (front - slope - 0.05, roof));
    }
    let axle = i.span(9, 0.52, 0.66) * half;
    f.wheel((-axle, 0.34), wheel);
    f.wheel((axle, 0.34), wheel);
}

pub(super) fn bus(f: &mut Figure, i: &Instance) {
    let half = i.span(0, 0.9, 1.1);
    let top = i.span(1, -0.75, -0.5);
    let floor = 0.42;
    f.round(Body, (-half, top), (half, floor), i.span(2, 0.05, 0.2));
    f.rect(Accent, (-half, floor - i.span(3, 0.15, 0.3)), (half, floor - 0.06));
    let windows = i.count(4, 4, 6);
    let pitch = 1.5 * half / windows as f32;
    let sill = top + i.span(5, 0.38, 0.5);
    for w in 0..windows {
        let left = -half + 0.08 + w as f32 * pitch;
        f.rect(Light, (left, top + 0.12), (left + 0.78 * pitch, sill));
    }
    f.rect(Light, (half - 0.34, top + 0.12), (half - 0.08, floor - 0.02));
    let wheel = i.span(6, 0.15, 0.2);
    f.wheel((-half * i.span(7, 0.5, 0.68), floor), wheel);
    f.wheel((half * 0.5, floor), wheel);
    if i.has(8, 0.35) {
        f.rect(Accent, (-half * 0.5, top - 0.1), (half * 0.3, top));
    }
}

pub(super) fn train(f: &mut Figure, i: &Instance) {
    let boiler = i.span(0, 0.18, 0.28);
    let front = i.span(1, 0.75, 0.95);
    let cab = i.span(2, -0.35, -0.15);
    let roof = i.span(3, -0.75, -0.55);
    f.rect(Body, (cab - 0.05, -boiler * 1.4), (front, boiler * 0.8));
    f.rect(Body, (-0.9, roof), (cab, 0.28));
    f.rect(Dark, (-1.0, roof - 0.12), (cab + 0.1, roof));
    f.rect(Light, (-0.76, roof + 0.14), (cab - 0.14, roof + 0.42));
    let chimney = front - i.span(4, 0.2, 0.32);
    let flare = i.span(5, 0.0, 0.1);
    let lip = -boiler * 1.4 - i.span(6, 0.3, 0.5);
    f.polygon(
        Accent,
        &[
            (chimney - 0.08, -boiler * 1.3),
            (chimney - 0.08 - flare, lip),
            (chimney + 0.08 + flare, lip),
            (chimney + 0.08, -boiler * 1.3),
        ],
    );
    if i.has(7, 0.6) {
        f.ellipse(Accent, ((cab + chimney) / 2.0, -boiler * 1.4), (0.12, 0.14));
    }
    f.rect(Dark, (-0.95, 0.2), (front + 0.05, 0.36));
    f.polygon(Accent, &[(front, 0.2), (front + 0.28, 0.62), (front, 0.62)]);
    let wheel = i.span(8, 0.15, 0.19);
    f.wheel((-0.62, 0.46), wheel * 1.35);
    let wheels = i.count(9, 2, 3);
    for w in 0..wheels {
        let share = w as f32 / wheels as f32;
        f.wheel((-0.12 + share * (front + 0.12), 0.52), wheel);
    }
}

pub(super) fn bicycle(f: &mut Figure, i: &Instance) {
    let wheel = i.span(0, 0.38, 0.48);
    let axle = i.span(1, 0.55, 0.68);
    let tyre = i.span(2, 0.06, 0.1);
    let (rear, front, hub) = ((-axle, 0.35), (axle, 0.35), (-0.08, 0.38));
    let seat = (-0.22 - i.span(3, 0.0, 0.1), i.span(4, -0.42, -0.3));
    let head = (axle - 0.2, i.span(5, -0.4, -0.28));
    for centre in [rear, front] {
        f.ring(Dark, centre, wheel, tyre);
        if i.has(8, 0.5) {
            f.line(Dark, &[(centre.0 - wheel, centre.1), (centre.0 + wheel, centre.1)], 0.025);
            f.line(Dark, &[(centre.0, centre.1 - wheel), (centre.0, centre.1 + wheel)], 0.025);
        }
    }
    let tube = i.span(6, 0.08, 0.12);
    f.line(Body, &[rear, hub, (head.0 + 0.05, head.1 + 0.16), seat, rear], tube);
    f.line(Body, &[seat, hub], tube);
    f.line(Body, &[front, head], tube);
    f.line(Accent, &[(seat.0 - 0.16, seat.1 - 0.06), (seat.0 + 0.14, seat.1 - 0.06)], 0.12);
    let bar = i.span(7, -0.12, 0.14);
    f.bow(
        Accent,
        &[head, (head.0 + 0.02, head.1 - 0.14), (head.0 + 0.2, head.1 - 0.14 + bar)],
        0.09,
    );
    f.disc(Light, hub, 0.1);
}

pub(super) fn aeroplane(f: &mut Figure, i: &Instance) {
    let girth = i.span(0, 0.13, 0.2);
    let nose = i.span(1, 0.9, 1.05);
    let sweep = i.span(2, 0.2, 0.5);
    let chord = i.span(3, 0.3, 0.42);
    let reach = i.span(4, 0.55, 0.75);
    // The far wing is visible above the hull, the near one below.
    f.polygon(
        Accent,
        &[
            (0.2, -girth * 0.4),
            (0.2 - sweep, -reach * 0.8),
            (0.2 - sweep - chord * 0.5, -reach * 0.8),
            (0.2 - chord, -girth * 0.4),
        ],
    );
    let fin = i.span(5, 0.4, 0.6);
    f.polygon(Accent, &[(-0.55, -girth * 0.5), (-0.8, -fin), (-1.0, -fin), (-0.92, -girth * 0.3)]);
    f.blob(
        Body,
        &[
            (nose, 0.02),
            (0.6, -girth),
            (-0.3, -girth),
            (-1.0, -girth * 0.45),
            (-0.95, girth * 0.1),
            (-0.2, girth),
            (0.6, girth),
        ],
    );
    let windows = i.count(6, 4, 6);
    for w in 0..windows {
        let x = -0.5 + w as f32 * (1.0 / windows as f32);
        f.disc(Light, (x, -girth * 0.35), 0.05);
    }
    f.polygon(
        Light,
        &[(nose - 0.32, -girth * 0.75), (nose - 0.1, -girth * 0.2), (nose - 0.3, -girth * 0.1)],
    );
    f.polygon(
        Accent,
        &[
            (0.3, girth * 0.3),
            (0.3 - sweep * 1.2, reach),
            (0.3 - sweep * 1.2 - chord * 0.6, reach),
            (0.3 - chord, girth * 0.3),
        ],
    );
    f.polygon(Accent, &[(-0.7, 0.0), (-0.95, girth + 0.1), (-1.08, girth + 0.1), (-0.95, 0.0)]);
    if i.has(7, 0.5) {
        f.ellipse(Dark, (0.05 - sweep * 0.4, reach * 0.6), (0.15, 0.07));
    }
}

pub(super) fn truck(f: &mut Figure, i: &Instance) {
    let floor = 0.36;
    let top = i.span(0, -0.8, -0.55);
    let split = i.span(1, 0.22, 0.42);
    let roof = i.span(2, -0.42, -0.2);
    let rear = i.span(3, -1.1, -0.9);
    f.rect(Dark, (rear, floor - 0.08), (0.95, floor + 0.06));
    f.rect(Body, (rear, top), (split - 0.06, floor));
    let nose = i.span(4, 0.0, 0.2);
    f.polygon(
        Accent,
        &[(split, roof), (0.8 - nose, roof), (0.95, 0.0), (0.97, floor), (split, floor)],
    );
    f.polygon(
        Light,
        &[(split + 0.1, roof + 0.1), (0.74 - nose, roof + 0.1), (0.85, 0.0), (split + 0.1, 0.0)],
    );
    if i.has(5, 0.5) {
        for k in 1..4 {
            let x = rear + (split - 0.06 - rear) * k as f32 / 4.0;
            f.line(Dark, &[(x, top + 0.06), (x, floor - 0.1)], 0.04);
        }
    }
    let wheel = i.span(6, 0.16, 0.22);
    f.wheel((0.64, floor + 0.06), wheel);
    f.wheel((rear + 0.3, floor + 0.06), wheel);
    if i.has(7, 0.6) {
        f.wheel((rear + 0.34 + 2.0 * wheel, floor + 0.06), wheel);
    }
}

pub(super) fn ship(f: &mut Figure, i: &Instance) {
    let deck = i.span(0, 0.3, 0.45);
    let keel = i.span(1, 0.5, 0.75);
    let mast = i.span(2, -0.1, 0.15);
    let top = i.span(3, -1.15, -0.9);
    f.line(Dark, &[(mast, deck + 0.1), (mast, top)], 0.08);
    let boom = deck - 0.1;
    let aft = i.span(4, -0.8, -0.55);
    f.polygon(Accent, &[(mast - 0.07, top + 0.1), (mast - 0.07, boom), (aft, boom)]);
    let fore = i.span(5, 0.55, 0.8);
    if i.has(6, 0.75) {
        f.polygon(Accent, &[(mast + 0.08, top + 0.25), (mast + 0.08, boom), (fore, boom)]);
    } else {
        f.polygon(Dark, &[(mast, top - 0.12), (mast + 0.35, top - 0.02), (mast, top + 0.08)]);
    }
    let bow = i.span(7, 0.9, 1.05);
    f.polygon(Body, &[(-0.95, deck), (bow, deck), (keel, 0.85), (-keel, 0.85)]);
    if i.has(8, 0.6) {
        for k in 0..3 {
            f.disc(Light, (-0.4 + 0.4 * k as f32, deck + 0.19), 0.08);
        }
    } else {
        f.rect(Light, (-0.85, deck + 0.08), (0.8, deck + 0.16));
    }
}

pub(super) fn helicopter(f: &mut Figure, i: &Instance) {
    let (wide, tall) = (i.span(0, 0.4, 0.52), i.span(1, 0.28, 0.36));
    let tail = i.span(2, -1.15, -0.95);
    let rotor = i.span(3, 0.85, 1.05);
    let mast = -tall - i.span(4, 0.1, 0.2);
    f.line(Dark, &[(0.05, 0.0), (0.05, mast)], 0.1);
    f.line(Dark, &[(0.05 - rotor, mast), (0.05 + rotor, mast)], 0.08);
    f.polygon(
        Body,
        &[(-wide * 0.6, -tall * 0.65), (tail, -0.14), (tail, 0.02), (-wide * 0.6, tall * 0.3)],
    );
    f.polygon(
        Accent,
        &[(tail + 0.2, -0.1), (tail - 0.05, -0.1 - i.span(5, 0.25, 0.4)), (tail - 0.16, -0.08)],
    );
    f.ring(Dark, (tail - 0.02, -0.05), i.span(6, 0.12, 0.18), 0.05);
    for x in [-0.2, 0.24] {
        f.line(Dark, &[(x, tall * 0.7), (x + 0.04, tall + 0.2)], 0.06);
    }
    f.line(Dark, &[(-0.45, tall + 0.2), (0.5, tall + 0.2), (0.62, tall + 0.1)], 0.08);
    f.ellipse(Body, (0.05, 0.0), (wide, tall));
    f.blob(
        Light,
        &[
            (0.12, -tall * 0.72),
            (wide * 0.8, -tall * 0.45),
            (wide + 0.01, 0.02),
            (wide * 0.7, 0.1),
            (0.12, 0.1),
        ],
    );
    if i.has(7, 0.5) {
        f.round(Accent, (-wide * 0.55, -tall * 0.4), (-0.02, tall * 0.4), 0.05);
    } else {
        f.line(Accent, &[(-wide * 0.75, tall * 0.35), (wide * 0.75, tall * 0.35)], 0.09);
    }
}

pub(super) fn tractor(f: &mut Figure, i: &Instance) {
    let rear = i.span(0, 0.4, 0.5);
    let front = i.span(1, 0.2, 0.28);
    let ground = 0.85;
    let nose = i.span(2, 0.8, 0.98);
    let hood = i.span(3, -0.12, 0.02);
    let roof = i.span(4, -0.85, -0.65);
    let cab = i.span(5, -0.05, 0.1);
    f.line(Dark, &[(-0.75, 0.25), (-0.75, roof)], 0.07);
    f.line(Dark, &[(cab, 0.2), (cab - 0.05, roof)], 0.07);
    f.rect(Light, (-0.7, roof + 0.05), (cab - 0.05, 0.0));
    f.round(Body, (-0.9, roof - 0.1), (cab + 0.1, roof + 0.06), 0.06);
    let pipe = i.span(6, 0.3, 0.5);
    f.line(Dark, &[(pipe, hood), (pipe, hood - i.span(7, 0.3, 0.5))], 0.09);
    f.round(Body, (-0.8, hood), (nose, 0.42), 0.08);
    f.rect(Dark, (nose - 0.14, hood + 0.1), (nose - 0.02, 0.34));
    if i.has(8, 0.5) {
        f.line(Accent, &[(cab + 0.15, hood + 0.2), (nose - 0.25, hood + 0.2)], 0.08);
    }
    f.disc(Accent, (-0.5, ground - rear), rear + 0.07);
    f.disc(Dark, (-0.5, ground - rear), rear);
    f.disc(Light, (-0.5, ground - rear), 0.5 * rear);
    f.disc(Dark, (-0.5, ground - rear), 0.14 * rear);
    f.wheel((nose - front - 0.02, ground - front), front);
}

pub(super) fn balloon(f: &mut Figure, i: &Instance) {
    let (wide, tall) = (i.span(0, 0.6, 0.76), i.span(1, 0.66, 0.8));
    let centre = -0.35;
    let mouth = centre + tall + i.span(2, 0.02, 0.14);
    let (basket, drop) = (i.span(3, 0.13, 0.2), i.span(4, 0.22, 0.36));
    let deep = i.span(5, 0.2, 0.28);
    for side in [-1.0, 1.0] {
        let (top, low) = ((side * 0.16, mouth), (side * basket, mouth + drop + 0.05));
        f.line(Dark, &[top, low], 0.045);
    }
    f.blob(
        Body,
        &[
            (0.0, centre - tall),
            (wide * 0.75, centre - tall * 0.68),
            (wide, centre),
            (wide * 0.68, centre + tall * 0.6),
            (0.18, mouth),
            (-0.18, mouth),
            (-wide * 0.68, centre + tall * 0.6),
            (-wide, centre),
            (-wide * 0.75, centre - tall * 0.68),
        ],
    );
    let gores = i.count(6, 1, 3);
    for g in 0..gores {
        let bulge = wide * (2 * g + 1) as f32 / (2 * gores + 1) as f32;
        for side in [-1.0, 1.0] {
            f.bow(
                Accent,
                &[(0.0, centre - tall), (side * bulge, centre - tall * 0.1), (side * 0.1, mouth)],
                0.06,
            );
        }
    }
    if i.has(7, 0.5) {
        f.line(Light, &[(-wide * 0.9, centre + 0.02), (wide * 0.9, centre + 0.02)], 0.1);
    }
    f.rect(Dark, (-0.17, mouth - 0.05), (0.17, mouth + 0.04));
    let base = mouth + drop + deep;
    f.round(Accent, (-basket, mouth + drop), (basket, base), 0.05);
    f.rect(Light, (-basket - 0.04, mouth + drop), (basket + 0.04, mouth + drop + 0.07));
}
