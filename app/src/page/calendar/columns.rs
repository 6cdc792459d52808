//! Places boxes that overlap in time side by side. Pure: steps of a day in, columns out.

/// The steps of a day that a box covers; `to` is not included and lies after `from`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StepRange {
    pub from: u16,
    pub to: u16,
}

/// Columns `column .. column + width` of `of`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ColumnPlace {
    pub column: usize,
    pub width: usize,
    pub of: usize,
}

/// What a box stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BoxContent {
    /// The range at this index.
    One(usize),
    /// So many for which there was no column.
    More(usize),
}

/// A box in its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlacedBox {
    pub range: StepRange,
    pub place: ColumnPlace,
    pub holds: BoxContent,
}

impl StepRange {
    const fn meets(self, other: Self) -> bool {
        self.from < other.to && other.from < self.to
    }
}

/// A box in a column of its group.
#[derive(Debug, Clone, Copy)]
struct InColumn {
    range: StepRange,
    column: usize,
    holds: BoxContent,
}

/// Places every range, by start. What overlaps stands side by side in at most `most` columns (at least two); what
/// does not fit is counted in the last one. A box is as wide as its neighbours let it be.
pub fn side_by_side(ranges: &[StepRange], most: usize) -> Vec<PlacedBox> {
    let most = most.max(2);
    let mut order: Vec<usize> = (0..ranges.len()).collect();
    order.sort_by_key(|&index| (ranges[index].from, u16::MAX - ranges[index].to, index));
    let (mut placed, mut group, mut group_end) = (Vec::with_capacity(order.len()), Vec::new(), 0);
    let mut column_ends: Vec<u16> = Vec::new();
    for index in order {
        let range = ranges[index];
        if range.from >= group_end {
            placed.extend(places_of(std::mem::take(&mut group), most));
            column_ends.clear();
        }
        group_end = group_end.max(range.to);
        let free = column_ends.iter().position(|&end| end <= range.from);
        let column = free.unwrap_or(column_ends.len());
        match column_ends.get_mut(column) {
            Some(end) => *end = range.to,
            None => column_ends.push(range.to),
        }
        group.push(InColumn {
            range,
            column,
            holds: BoxContent::One(index),
        });
    }
    placed.extend(places_of(group, most));
    placed
}

/// Boxes that hang together in time, by start.
fn places_of(group: Vec<InColumn>, most: usize) -> Vec<PlacedBox> {
    let wanted = group.iter().map(|one| one.column + 1).max().unwrap_or(1);
    let of = wanted.min(most);
    let boxes = if wanted > most {
        counted(group, most - 1)
    } else {
        group
    };
    let width = |one: &InColumn| {
        let next = boxes
            .iter()
            .filter(|other| other.column > one.column && other.range.meets(one.range))
            .map(|other| other.column)
            .min();
        next.unwrap_or(of) - one.column
    };
    boxes
        .iter()
        .map(|one| PlacedBox {
            range: one.range,
            place: ColumnPlace {
                column: one.column,
                width: width(one),
                of,
            },
            holds: one.holds,
        })
        .collect()
}

/// What stands in column `last` or beyond becomes boxes that count, one for each run without a break.
fn counted(group: Vec<InColumn>, last: usize) -> Vec<InColumn> {
    let (mut boxes, beyond): (Vec<_>, Vec<_>) =
        group.into_iter().partition(|one| one.column < last);
    let mut runs: Vec<InColumn> = Vec::new();
    for one in beyond {
        match runs.last_mut() {
            Some(run) if one.range.from < run.range.to => {
                run.range.to = run.range.to.max(one.range.to);
                if let BoxContent::More(count) = &mut run.holds {
                    *count += 1;
                }
            }
            Some(_) | None => runs.push(InColumn {
                column: last,
                holds: BoxContent::More(1),
                ..one
            }),
        }
    }
    boxes.extend(runs);
    boxes.sort_by_key(|one| (one.range.from, one.column));
    boxes
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn places(ranges: &[(u16, u16)], most: usize) -> Vec<(BoxContent, usize, usize, usize)> {
        let ranges: Vec<_> = ranges
            .iter()
            .map(|&(from, to)| StepRange { from, to })
            .collect();
        side_by_side(&ranges, most)
            .into_iter()
            .map(|one| (one.holds, one.place.column, one.place.width, one.place.of))
            .collect()
    }
    use BoxContent::{More, One};

    #[test]
    fn what_only_touches_keeps_the_whole_width() {
        let placed = places(&[(0, 12), (12, 24), (24, 30)], 4);
        assert_eq!(
            placed,
            [(One(0), 0, 1, 1), (One(1), 0, 1, 1), (One(2), 0, 1, 1)]
        );
    }

    #[test]
    fn what_overlaps_stands_side_by_side_and_takes_the_room_beside_it() {
        // A long one, two short ones after each other beside it, and one that meets all but the last.
        let placed = places(&[(0, 40), (0, 10), (5, 10), (20, 30)], 4);
        assert_eq!(
            placed,
            [
                (One(0), 0, 1, 3),
                (One(1), 1, 1, 3),
                (One(2), 2, 1, 3),
                (One(3), 1, 2, 3)
            ]
        );
    }

    #[test]
    fn of_two_that_begin_together_the_longer_stands_first() {
        assert_eq!(
            places(&[(3, 9), (3, 12)], 4),
            [(One(1), 0, 1, 2), (One(0), 1, 1, 2)]
        );
    }

    #[test]
    fn what_has_no_column_is_counted_where_it_stands() {
        let placed = places(
            &[
                (0, 40),
                (0, 10),
                (0, 9),
                (2, 11),
                (20, 30),
                (21, 30),
                (22, 31),
            ],
            3,
        );
        assert_eq!(
            placed,
            [
                (One(0), 0, 1, 3),
                (One(1), 1, 1, 3),
                (More(2), 2, 1, 3),
                (One(4), 1, 1, 3),
                (More(2), 2, 1, 3),
            ]
        );
    }

    fn days() -> impl Strategy<Value = Vec<StepRange>> {
        let range = (0_u16..287, 1_u16..60).prop_map(|(from, length)| StepRange {
            from,
            to: (from + length).min(288),
        });
        proptest::collection::vec(range, 0..60)
    }

    proptest! {
        #[test]
        fn no_two_boxes_cover_the_same_place(ranges in days(), most in 2_usize..9) {
            let placed = side_by_side(&ranges, most);
            for (index, one) in placed.iter().enumerate() {
                let place = one.place;
                prop_assert!(place.width >= 1 && place.column + place.width <= place.of && place.of <= most);
                for other in &placed[index + 1..] {
                    let apart = place.column + place.width <= other.place.column
                        || other.place.column + other.place.width <= place.column;
                    prop_assert!(apart || !one.range.meets(other.range), "{one:?} covers {other:?}");
                    // Side by side means columns of the same width.
                    prop_assert!(!one.range.meets(other.range) || place.of == other.place.of);
                }
            }
        }

        #[test]
        fn every_stretch_is_shown_or_counted_once(ranges in days(), most in 2_usize..9) {
            let placed = side_by_side(&ranges, most);
            let mut shown = vec![false; ranges.len()];
            let mut counted = 0;
            for one in &placed {
                match one.holds {
                    One(index) => {
                        prop_assert_eq!(one.range, ranges[index]);
                        prop_assert!(!std::mem::replace(&mut shown[index], true));
                    }
                    More(count) => counted += count,
                }
            }
            prop_assert_eq!(shown.iter().filter(|shown| **shown).count() + counted, ranges.len());
        }

        #[test]
        fn what_meets_nothing_has_the_whole_width(ranges in days()) {
            for one in side_by_side(&ranges, 4) {
                if let One(index) = one.holds {
                    let alone = ranges.iter().enumerate().all(|(other, range)| {
                        other == index || !range.meets(one.range)
                    });
                    let whole = ColumnPlace { column: 0, width: 1, of: 1 };
                    prop_assert!(!alone || one.place == whole);
                }
            }
        }
    }
}
