//! Points and rectangles on the grid of a picture.

/// The grid, in pixels.
pub(super) const UNIT: i32 = 10;

/// A place, in pixels from the upper left corner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Point {
    /// To the right.
    pub x: i32,
    /// Down.
    pub y: i32,
}

/// A rectangle.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rect {
    /// Its left border.
    pub x: i32,
    /// Its upper border.
    pub y: i32,
    /// Its width.
    pub width: i32,
    /// Its height.
    pub height: i32,
}

impl Rect {
    /// The right border.
    pub fn right(&self) -> i32 {
        self.x + self.width
    }

    /// The lower border.
    pub fn bottom(&self) -> i32 {
        self.y + self.height
    }

    /// The same, so much larger on each side.
    #[must_use]
    pub fn grown(&self, by: i32) -> Self {
        Self { x: self.x - by, y: self.y - by, width: self.width + 2 * by, height: self.height + 2 * by }
    }

    /// Whether the two have a point in common that is on no border.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.x < other.right() && other.x < self.right() && self.y < other.bottom() && other.y < self.bottom()
    }

    /// Whether the other lies within this one.
    pub fn contains(&self, other: &Self) -> bool {
        self.x <= other.x
            && self.y <= other.y
            && other.right() <= self.right()
            && other.bottom() <= self.bottom()
    }

    /// Whether a point lies on its border.
    pub fn has_on_border(&self, it: Point) -> bool {
        let within_x = (self.x..=self.right()).contains(&it.x);
        let within_y = (self.y..=self.bottom()).contains(&it.y);
        (within_y && (it.x == self.x || it.x == self.right()))
            || (within_x && (it.y == self.y || it.y == self.bottom()))
    }

    /// Its middle, from top to bottom.
    pub(super) fn middle(&self) -> i32 {
        self.y + self.height / 2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_touches_does_not_overlap() {
        let a = Rect { x: 0, y: 0, width: 20, height: 20 };
        let beside = Rect { x: 20, ..a };
        assert!(!a.overlaps(&beside) && a.grown(1).overlaps(&beside));
        assert!(a.grown(5).contains(&a) && !a.contains(&a.grown(5)));
        assert!(a.has_on_border(Point { x: 20, y: 10 }) && !a.has_on_border(Point { x: 10, y: 10 }));
        assert!(!a.has_on_border(Point { x: 30, y: 20 }), "on the line of a border, but beyond it");
    }
}
