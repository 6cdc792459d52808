//! Pages of the list of connections: each is read from a place on, in parts that are one range of an index each.

use crate::{
    connection_list::{self, ListItem, ListQuery, PAGE, Sort, conditions, person, rank},
    connections::{COLUMNS_WITH_PERSON, ConnectionFilter, FROM_WITH_PERSON},
    cursor::{Cursor, Direction, LAST_SECTION, Page, Place},
    error::StoreError,
    query::Query,
    rows,
    store::Store,
    unreadable::Listed,
};
use sqlx::any::AnyRow;

/// A part of the list.
#[derive(Debug, Clone, Copy)]
enum Part<'a> {
    /// All connections.
    All,
    /// Beyond a place, among those that are sorted by the same leading value.
    Beside(&'a Place),
    /// Those whose leading value is beyond a place's.
    Beyond(&'a Place),
    /// People without a connection, all or beyond a place.
    NotConnected(Option<&'a Place>),
}

/// What the list is sorted by.
struct Keys<'a> {
    /// Sorted by first, if an index is made of it alone: SQLite compares rows of values by plain columns only.
    leading: Option<&'a str>,
    /// What a place keeps as its key.
    key: &'static str,
    /// The key is a number.
    is_number: bool,
    columns: &'static [&'static str],
}

const fn keys(sort: Sort, rank: &str) -> Keys<'_> {
    // NULL comes first on SQLite and last on Postgres; nothing was read before the epoch.
    const SYNCED: &str = "COALESCE(c.last_synced_at, 0)";
    let (leading, key, is_number, columns): (_, _, _, &'static [&'static str]) = match sort {
        Sort::State => (
            Some(rank),
            "c.user_name_key",
            false,
            &["c.user_name_key", "c.id"],
        ),
        Sort::Name => (None, "c.user_name_key", false, &["c.user_name_key", "c.id"]),
        Sort::Since => (None, "c.since", true, &["c.since", "c.id"]),
        Sort::LastSync => (Some(SYNCED), SYNCED, true, &["c.id"]),
    };
    Keys {
        leading,
        key,
        is_number,
        columns,
    }
}

impl Keys<'_> {
    /// Whether a place can be one of this list.
    fn has(&self, place: &Place) -> bool {
        place.section == LAST_SECTION || !self.is_number || place.number().is_some()
    }

    fn order(&self, direction: Direction) -> String {
        let columns: Vec<&str> = self.leading.iter().chain(self.columns).copied().collect();
        direction.order(&columns)
    }

    fn add_key(&self, query: &mut Query, place: &Place) {
        match place.number().filter(|_| self.is_number) {
            Some(number) => query.number(number),
            None => query.text(&place.key),
        }
    }

    fn add_leading(&self, query: &mut Query, sort: Sort, operator: &str, place: &Place) {
        let Some(leading) = self.leading else { return };
        query.add(&format!(" AND {leading}{operator}"));
        match sort {
            Sort::State => query.number(place.section),
            _ => self.add_key(query, place),
        }
    }
}

fn part_query(
    wanted: &ListQuery,
    rank_now: &str,
    part: Part<'_>,
    direction: Direction,
    limit: usize,
) -> Query {
    if let Part::NotConnected(place) = part {
        return not_connected_query(wanted, place, direction, limit);
    }
    let keys = keys(wanted.sort, rank_now);
    let section = if wanted.sort == Sort::State {
        rank_now
    } else {
        "0"
    };
    let mut query = Query::new(format!(
        "{COLUMNS_WITH_PERSON}, {section} AS section, CAST({} AS TEXT) AS sort_key{FROM_WITH_PERSON}",
        keys.key
    ));
    query.add("JOIN (SELECT c.id AS found FROM connections c WHERE 1 = 1");
    if let ConnectionFilter::Is(state) = wanted.state {
        query.add(&format!(" AND {rank_now} = "));
        query.number(rank(state));
    }
    conditions(&mut query, wanted);
    match part {
        Part::Beside(place) => {
            keys.add_leading(&mut query, wanted.sort, " = ", place);
            query.add(&format!(
                " AND ({}){}(",
                keys.columns.join(", "),
                direction.operator()
            ));
            if keys.columns.len() > 1 {
                keys.add_key(&mut query, place);
                query.add(", ");
            }
            query.text(&place.id);
            query.add(")");
        }
        Part::Beyond(place) => {
            keys.add_leading(&mut query, wanted.sort, direction.operator(), place);
        }
        Part::All | Part::NotConnected(_) => {}
    }
    let order = keys.order(direction);
    query.add(&format!(" ORDER BY {order} LIMIT "));
    query.number(i64::try_from(limit).unwrap_or(i64::MAX));
    query.add(&format!(") page ON page.found = c.id ORDER BY {order}"));
    query
}

fn not_connected_query(
    wanted: &ListQuery,
    place: Option<&Place>,
    direction: Direction,
    limit: usize,
) -> Query {
    let mut query = Query::new(format!(
        "SELECT u.id AS person_id, u.name AS person_name, u.email AS person_email, u.id, {LAST_SECTION} AS section, \
         u.name_key AS sort_key FROM users u WHERE NOT EXISTS (SELECT 1 FROM connections c WHERE c.user_id = u.id)"
    ));
    query.search(&wanted.search, "u.id");
    if let Some(place) = place {
        query.beyond(&["u.name_key", "u.id"], direction, place);
    }
    let order = direction.order(&["u.name_key", "u.id"]);
    query.add(&format!(" ORDER BY {order} LIMIT "));
    query.number(i64::try_from(limit).unwrap_or(i64::MAX));
    query
}

/// What is read one after another until the page is full.
fn parts<'a>(wanted: &ListQuery, direction: Direction, place: Option<&'a Place>) -> Vec<Part<'a>> {
    let is_last = |place: &Place| place.section == LAST_SECTION;
    let mut parts = match (direction, place) {
        (_, None) => vec![Part::All, Part::NotConnected(None)],
        (Direction::Next, Some(place)) if is_last(place) => vec![Part::NotConnected(Some(place))],
        (Direction::Previous, Some(place)) if is_last(place) => {
            vec![Part::NotConnected(Some(place)), Part::All]
        }
        (Direction::Next, Some(place)) => vec![
            Part::Beside(place),
            Part::Beyond(place),
            Part::NotConnected(None),
        ],
        (Direction::Previous, Some(place)) => vec![Part::Beside(place), Part::Beyond(place)],
    };
    let is_one_state = matches!(wanted.state, ConnectionFilter::Is(_));
    parts.retain(|part| match part {
        Part::NotConnected(_) => !is_one_state && !wanted.is_about_connections(),
        // Of one state all have the same rank; without a leading value all stand beside each other.
        Part::Beyond(_) => match wanted.sort {
            Sort::State => !is_one_state && wanted.state != ConnectionFilter::NotConnected,
            Sort::Name | Sort::Since => false,
            Sort::LastSync => wanted.state != ConnectionFilter::NotConnected,
        },
        Part::All | Part::Beside(_) => wanted.state != ConnectionFilter::NotConnected,
    });
    parts
}

fn place_of(row: &AnyRow) -> Result<Place, StoreError> {
    Ok(Place {
        section: rows::number(row, "section")?,
        key: rows::text(row, "sort_key")?,
        id: rows::text(row, "id")?,
    })
}

impl Store {
    /// What a page of the list asks.
    pub(crate) async fn list_queries(
        &self,
        wanted: &ListQuery,
        cursor: Option<&Cursor>,
    ) -> Result<Vec<Query>, StoreError> {
        let rank_now = self.rank().await?;
        let direction = cursor.map_or(Direction::Next, |cursor| cursor.direction);
        let limit = usize::try_from(PAGE).unwrap_or(0) + 1;
        let parts = parts(wanted, direction, cursor.map(|cursor| &cursor.place));
        Ok(parts
            .into_iter()
            .map(|part| part_query(wanted, rank_now, part, direction, limit))
            .collect())
    }

    /// The page at a cursor; the first one without it, and where nothing stands before it any more.
    pub async fn connections_page(
        &self,
        wanted: &ListQuery,
        cursor: Option<&Cursor>,
    ) -> Result<Page<ListItem>, StoreError> {
        if cursor.is_some() {
            let page = self.list_connections(wanted, PAGE, cursor).await?;
            if page.previous.is_some() {
                return Ok(page);
            }
        }
        self.list_connections(wanted, PAGE, None).await
    }

    /// The rows at a cursor, `limit` at most; from the beginning without it, or where it is none of this list.
    pub async fn list_connections(
        &self,
        wanted: &ListQuery,
        limit: i64,
        cursor: Option<&Cursor>,
    ) -> Result<Page<ListItem>, StoreError> {
        let rank_now = self.rank().await?;
        let keys = keys(wanted.sort, rank_now);
        let cursor = cursor.filter(|cursor| keys.has(&cursor.place));
        let direction = cursor.map_or(Direction::Next, |cursor| cursor.direction);
        let limit = usize::try_from(limit).unwrap_or(0);
        let mut found = Vec::new();
        for part in parts(wanted, direction, cursor.map(|cursor| &cursor.place)) {
            let missing = (limit + 1).saturating_sub(found.len());
            if missing == 0 {
                break;
            }
            let query = part_query(wanted, rank_now, part, direction, missing);
            for row in query.fetch(self).await? {
                let item = self.list_item(part, &row);
                found.push((place_of(&row)?, item));
            }
        }
        Ok(Page::of(found, limit, direction, cursor.is_some()))
    }

    /// Nothing, where the row cannot be read.
    fn list_item(&self, part: Part<'_>, row: &AnyRow) -> Option<ListItem> {
        let row = std::slice::from_ref(row);
        let mut items = match part {
            Part::NotConnected(_) => self.readable(Listed::Users, row, not_connected),
            Part::All | Part::Beside(_) | Part::Beyond(_) => {
                self.readable(Listed::Connections, row, connection_list::connected)
            }
        };
        items.pop()
    }
}

fn not_connected(row: &AnyRow) -> Result<ListItem, StoreError> {
    Ok(ListItem {
        user: person(row)?,
        connection: None,
    })
}
