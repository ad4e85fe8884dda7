//! The section with a map of the embeddings per arm: one point per test picture, coloured by class.

use super::escape::escape;
use super::markup::{arm_name, legend, paragraph, section};
use super::scale::{Scale, range};
use super::svg::Svg;
use super::{marker, number};
use crate::comparison::{Comparison, Map};

/// Side length of a map in SVG units.
const SIDE: f64 = 360.0;

/// Maximum number of points of a map: more would overlap and increase the size of the page.
const POINTS: usize = 2000;

/// Maximum number of classes in the legend.
const CLASSES: usize = 120;

/// Returns the section as HTML; empty if no arm has a map.
pub fn maps(comparison: &Comparison) -> String {
    let arms = comparison.arms.iter().enumerate();
    let maps = arms.filter_map(|(i, arm)| Some((i, arm.arm.name.as_str(), arm.map.as_ref()?)));
    let maps: Vec<(usize, &str, &Map)> = maps.collect();
    let drawn: Vec<String> = maps
        .iter()
        .filter_map(|(i, name, map)| {
            let drawn = draw(map, name)?;
            let name = arm_name(*i, name);
            Some(format!("<figure><figcaption>{name}</figcaption>{drawn}</figure>"))
        })
        .collect();
    let Some((_, _, map)) = maps.first().filter(|_| !drawn.is_empty()) else {
        return String::new();
    };
    let mut about = format!(
        "t-SNE maps of the features of the test pictures of {} for the first seed; pictures that \
         are close on a map have similar features. Each map is computed separately, so positions \
         and directions cannot be compared between maps.",
        escape(comparison.dataset())
    );
    if let Some(most) = maps.iter().map(|m| m.2.points.len()).max().filter(|n| *n > POINTS) {
        let (shown, most) = (number::count(POINTS), number::count(most));
        about += &format!(" About {shown} of {most} pictures are shown.");
    }
    if map.classes.len() > marker::CLASSES {
        about += " There are more classes than markers, so markers repeat.";
    }
    let entry = |(i, name): (usize, &String)| {
        let (style, shape) = marker::class(i);
        format!("<span class=\"key\">{}{}</span>", marker::key(&style, shape), escape(name))
    };
    let mut key: Vec<String> = map.classes.iter().enumerate().take(CLASSES).map(entry).collect();
    if map.classes.len() > CLASSES {
        key.push(format!("and {} more", map.classes.len() - CLASSES));
    }
    let maps = format!("<div class=\"maps\">{}</div>\n", drawn.concat());
    section("Map of the embeddings", &(paragraph(&about) + &maps + &legend(&key)))
}

fn draw(map: &Map, arm: &str) -> Option<String> {
    let finite = |(point, _): &(&[f32; 2], &usize)| point.iter().all(|x| x.is_finite());
    let shown: Vec<(&[f32; 2], &usize)> =
        map.points.iter().zip(&map.labels).filter(finite).collect();
    let along = |axis: usize| range(shown.iter().map(|(p, _)| f64::from(p[axis])), 0.03);
    let ([left, right], [low, high]) = (along(0)?, along(1)?);
    // The same scale for both axes, so that distances are not distorted.
    let half = (right - left).max(high - low) / 2.0;
    let scale = |low: f64, high: f64, places| {
        let middle = (low + high) / 2.0;
        Scale::new([middle - half, middle + half], places)
    };
    let (x, y) = (scale(left, right, [0.0, SIDE]), scale(low, high, [SIDE, 0.0]));
    let every = shown.len().div_ceil(POINTS).max(1);
    let classes = map.labels.iter().max().map_or(0, |last| last + 1);
    let mut paths = vec![String::new(); classes];
    for (point, label) in shown.into_iter().step_by(every) {
        let at = [x.at(point[0].into()), y.at(point[1].into())];
        paths[*label] += &marker::class(*label).1.path(at, 2.9);
    }
    let mut svg = Svg::new([SIDE, SIDE], &format!("Map of the embeddings of {arm}"));
    for (label, path) in paths.iter().enumerate().filter(|(_, path)| !path.is_empty()) {
        let name = map.classes.get(label).map_or("", String::as_str);
        svg.path(&marker::class(label).0, path, name);
    }
    Some(svg.finish("map"))
}
