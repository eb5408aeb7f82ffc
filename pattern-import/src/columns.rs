//! What the columns of a table mean: by what people call them, in any order.

use csv::StringRecord;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Meaning {
    Time,
    /// The day alone, where the time of day has a column of its own.
    Date,
    Clock,
    Name,
    Value,
    Quality,
    Unit,
    Description,
    Device,
    Path,
    Group,
    Equipment,
    EquipmentType,
    Role,
}

use Meaning::*;

impl Meaning {
    pub const ALL: [Self; 14] = [
        Time,
        Date,
        Clock,
        Name,
        Value,
        Quality,
        Unit,
        Description,
        Device,
        Path,
        Group,
        Equipment,
        EquipmentType,
        Role,
    ];

    /// Its name in the documented format, in `--columns` and in `import.toml`.
    pub fn word(self) -> &'static str {
        match self {
            Time => "timestamp",
            Date => "date",
            Clock => "clock",
            Name => "name",
            Value => "value",
            Quality => "quality",
            Unit => "unit",
            Description => "description",
            Device => "device",
            Path => "path",
            Group => "group",
            Equipment => "equipment",
            EquipmentType => "equipment_type",
            Role => "role",
        }
    }

    pub fn by_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|meaning| meaning.word() == word)
    }

    /// What exporters call such a column, the surest first, as `plain` leaves it.
    fn called(self) -> &'static [&'static str] {
        match self {
            Time => &[
                "timestamp",
                "datetime",
                "ts",
                "time",
                "timestamputc",
                "utctimestamp",
                "timeutc",
                "utctime",
                "utc",
                "utcdatetime",
                "datetimeutc",
                "timestamplocal",
                "localtime",
                "localtimestamp",
                "sampletime",
                "eventtime",
                "valuetime",
                "sourcetimestamp",
                "servertimestamp",
                "recordtime",
                "logtime",
                "measuretime",
                "measurementtime",
                "lastchanged",
                "dateandtime",
                "datehour",
                "timeofsample",
                "tstamp",
                "timstamp",
                "epoch",
                "epochms",
                "unixtime",
                "zeitstempel",
                "datumzeit",
                "datumuhrzeit",
                "zeitpunkt",
                "zeit",
                "datum",
                "horodatage",
                "horodate",
                "dateheure",
                "fechahora",
                "fechayhora",
                "fecha",
                "tidspunkt",
                "tidsstempel",
                "tidsstämpel",
                "tidpunkt",
                "tid",
                "tijdstip",
                "tijdstempel",
                "datumtijd",
                "dataora",
                "datahora",
                "czas",
                "일시",
                "시간",
                "시각",
                "날짜",
                "日時",
                "时间",
                "時間",
                "時刻",
                "date",
                "dato",
            ],
            Date => &["date", "datum", "dato", "fecha", "data", "day", "日付", "日期", "날짜"],
            Clock => &[
                "time",
                "timeofday",
                "hour",
                "clock",
                "uhrzeit",
                "zeit",
                "heure",
                "hora",
                "ora",
                "tid",
                "tijd",
                "klokkeslett",
                "시간",
                "時刻",
                "时间",
            ],
            Name => &[
                "name",
                "tagname",
                "tag",
                "pointname",
                "point",
                "pointid",
                "tagid",
                "itemname",
                "itemid",
                "nodeid",
                "node",
                "signalname",
                "signal",
                "sensorname",
                "sensorid",
                "sensor",
                "channelname",
                "channel",
                "variablename",
                "variable",
                "seriesname",
                "series",
                "objectname",
                "registername",
                "entityid",
                "parametername",
                "parameter",
                "metric",
                "measurementname",
                "historyid",
                "datapoint",
                "datapointname",
                "datapointid",
                "trendname",
                "kks",
                "akz",
                "messstelle",
                "datenpunkt",
                "bezeichner",
                "variablenname",
                "nom",
                "nomtag",
                "nombre",
                "etiqueta",
                "navn",
                "namn",
                "naam",
                "nome",
                "nazwa",
                "태그",
                "태그명",
                "タグ",
                "タグ名",
                "标签",
                "位号",
                "item",
                "id",
            ],
            Value => &[
                "value",
                "val",
                "values",
                "wert",
                "messwert",
                "istwert",
                "valeur",
                "valor",
                "valore",
                "verdi",
                "värde",
                "vaerdi",
                "værdi",
                "waarde",
                "wartosc",
                "wartość",
                "reading",
                "state",
                "doublevalue",
                "floatvalue",
                "numericvalue",
                "pointvalue",
                "tagvalue",
                "analogvalue",
                "measuredvalue",
                "presentvalue",
                "currentvalue",
                "값",
                "値",
                "值",
                "数值",
                "data",
            ],
            Quality => &[
                "quality",
                "qualitycode",
                "opcquality",
                "qualityflag",
                "dataquality",
                "qualitystatus",
                "qualitydetail",
                "qual",
                "statuscode",
                "status",
                "valuestatus",
                "confidence",
                "validity",
                "qualität",
                "qualitaet",
                "qualite",
                "qualité",
                "calidad",
                "kvalitet",
                "kwaliteit",
                "품질",
                "状态",
                "品質",
                "qc",
                "flag",
            ],
            Unit => &[
                "unit",
                "units",
                "uom",
                "engunit",
                "engunits",
                "engineeringunit",
                "engineeringunits",
                "eu",
                "unitofmeasure",
                "unitofmeasurement",
                "einheit",
                "unite",
                "unité",
                "unidad",
                "unidades",
                "unità",
                "enhet",
                "enhed",
                "eenheid",
                "jednostka",
                "단위",
                "単位",
                "单位",
            ],
            Description => &[
                "description",
                "desc",
                "descr",
                "descriptor",
                "descriptiontext",
                "pointdescription",
                "tagdescription",
                "longname",
                "longdescription",
                "displayname",
                "bezeichnung",
                "beschreibung",
                "benennung",
                "klartext",
                "libelle",
                "libellé",
                "descripcion",
                "descripción",
                "descrizione",
                "beskrivelse",
                "beskrivning",
                "omschrijving",
                "opis",
                "설명",
                "説明",
                "描述",
                "comment",
                "comments",
                "kommentar",
                "notes",
                "remarks",
                "text",
            ],
            Device => &[
                "device",
                "devicename",
                "deviceid",
                "asset",
                "assetname",
                "assetid",
                "machine",
                "machinename",
                "machineid",
                "turbine",
                "turbinename",
                "turbineid",
                "wtg",
                "inverter",
                "inverterid",
                "sourcekey",
                "meter",
                "metername",
                "meterid",
                "equip",
                "equipname",
                "equipid",
                "equipref",
                "equipmentname",
                "equipmentid",
                "equipmenttag",
                "controller",
                "controllername",
                "station",
                "stationname",
                "stationid",
                "unitname",
                "unitid",
                "thing",
                "rtu",
                "plc",
                "logger",
                "loggerid",
                "gerät",
                "geraet",
                "gerätename",
                "maschine",
                "aggregat",
                "appareil",
                "equipo",
                "apparat",
                "설비",
                "장치",
                "設備",
                "设备",
            ],
            Path => &[
                "path",
                "folder",
                "tagpath",
                "browsepath",
                "itempath",
                "hierarchy",
                "tree",
                "location",
                "pfad",
                "ordner",
                "ort",
                "chemin",
                "ruta",
                "sti",
            ],
            Group => &[
                "group",
                "groupname",
                "gruppe",
                "plant",
                "plantid",
                "plantname",
                "site",
                "siteid",
                "sitename",
                "siteref",
                "building",
                "buildingid",
                "buildingname",
                "area",
                "areaname",
                "system",
                "systemname",
                "subsystem",
                "process",
                "processarea",
                "section",
                "zone",
                "zonename",
                "gebäude",
                "anlage",
                "bereich",
                "groupe",
                "grupo",
                "sheet",
            ],
            Equipment => &["equipment"],
            EquipmentType => &["equipmenttype"],
            Role => &["role"],
        }
    }
}

/// A header as it is compared: small letters and digits, without a unit in brackets behind.
pub fn plain(header: &str) -> String {
    let header = header.trim_start_matches('\u{feff}').trim();
    let bare = split_unit(header).0;
    bare.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// `Wind Speed (m/s)` is `Wind Speed` in `m/s`.
pub fn split_unit(header: &str) -> (&str, &str) {
    let header = header.trim();
    for (open, close) in [('(', ')'), ('[', ']')] {
        let inner = header.strip_suffix(close).and_then(|rest| rest.rsplit_once(open));
        if let Some((name, unit)) = inner.filter(|(name, _)| !name.trim().is_empty()) {
            return (name.trim(), unit.trim());
        }
    }
    (header, "")
}

/// Whether a header is one of those that we know.
pub fn is_known(header: &str) -> bool {
    let plain = plain(header);
    Meaning::ALL.iter().any(|meaning| meaning.called().contains(&plain.as_str()))
}

/// Which column holds what.
#[derive(Debug, Clone, Default)]
pub struct Columns {
    pub headers: Vec<String>,
    places: Vec<(Meaning, usize)>,
}

impl Columns {
    /// Of a table without headers.
    pub fn unnamed(count: usize) -> Self {
        Self { headers: vec![String::new(); count], places: Vec::new() }
    }

    /// Finds what it can. `mapped` says which headers hold what, before any guessing. Fails where two columns
    /// are called by the same known name.
    pub fn guess(headers: &[String], mapped: &[(Meaning, String)]) -> Result<Self, String> {
        let mut columns = Self { headers: headers.to_vec(), places: Vec::new() };
        for (meaning, header) in mapped {
            let place = headers.iter().position(|h| h.trim().eq_ignore_ascii_case(header.trim()));
            if let Some(place) = place.filter(|_| columns.place(*meaning).is_none()) {
                columns.places.push((*meaning, place));
            }
        }
        let plain: Vec<String> = headers.iter().map(|header| plain(header)).collect();
        let has = |meaning: Meaning| meaning.called().iter().any(|word| plain.iter().any(|h| h == word));
        let day_and_clock = plain.iter().any(|h| Date.called()[..4].contains(&h.as_str())) && has(Clock);
        for meaning in Meaning::ALL {
            let is_split = matches!(meaning, Date | Clock);
            if columns.place(meaning).is_some() || is_split != (day_and_clock && is_time(meaning)) {
                continue;
            }
            columns.find(meaning, &plain)?;
        }
        // A day and a time of day that did not both come are no pair.
        if columns.place(Date).is_none() || columns.place(Clock).is_none() {
            columns.places.retain(|(meaning, _)| !matches!(meaning, Date | Clock));
            if columns.place(Time).is_none() {
                columns.find(Time, &plain)?;
            }
        }
        Ok(columns)
    }

    fn find(&mut self, meaning: Meaning, plain: &[String]) -> Result<(), String> {
        for word in meaning.called() {
            let mut at = (0..plain.len()).filter(|place| plain[*place] == *word && !self.is_taken(*place));
            let Some(place) = at.next() else { continue };
            if let Some(twin) = at.find(|twin| self.headers[*twin].eq_ignore_ascii_case(&self.headers[place]))
            {
                let header = &self.headers[twin];
                return Err(format!("has the column '{header}' twice; keep one of them"));
            }
            self.places.push((meaning, place));
            return Ok(());
        }
        // `Reference Point Name`
        let is_name = |header: &String| header.ends_with("pointname") || header.ends_with("tagname");
        if let Some(place) =
            plain.iter().position(is_name).filter(|at| meaning == Name && !self.is_taken(*at))
        {
            self.places.push((Name, place));
        }
        Ok(())
    }

    pub fn place(&self, meaning: Meaning) -> Option<usize> {
        self.places.iter().find(|(known, _)| *known == meaning).map(|(_, place)| *place)
    }

    pub fn is_taken(&self, place: usize) -> bool {
        self.places.iter().any(|(_, taken)| *taken == place)
    }

    pub fn set(&mut self, meaning: Meaning, place: usize) {
        self.forget(meaning);
        self.places.push((meaning, place));
    }

    pub fn forget(&mut self, meaning: Meaning) {
        self.places.retain(|(known, _)| *known != meaning);
    }

    /// Columns that mean nothing to us, by header; those without a header are not worth a word.
    pub fn ignored(&self) -> Vec<String> {
        let unknown = |place: &usize| !self.is_taken(*place);
        let places = (0..self.headers.len()).filter(unknown);
        places.map(|place| self.headers[place].clone()).filter(|header| !header.is_empty()).collect()
    }

    /// (meaning, header) of what is read.
    pub fn used(&self) -> Vec<(Meaning, String)> {
        let mut used: Vec<_> =
            self.places.iter().map(|(meaning, place)| (*meaning, self.headers[*place].clone())).collect();
        used.sort();
        used
    }

    /// A row's field without outer blanks; empty where there is none.
    pub fn text<'r>(&self, row: &'r StringRecord, meaning: Meaning) -> &'r str {
        self.place(meaning).and_then(|place| row.get(place)).map_or("", str::trim)
    }
}

fn is_time(meaning: Meaning) -> bool {
    matches!(meaning, Time | Date | Clock)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guess(headers: &str) -> Columns {
        let headers: Vec<String> = headers.split(',').map(str::to_owned).collect();
        Columns::guess(&headers, &[]).unwrap()
    }

    fn said(headers: &str) -> String {
        let used = guess(headers).used();
        used.iter().map(|(m, h)| format!("{}={h}", m.word())).collect::<Vec<_>>().join(",")
    }

    #[test]
    fn columns_are_known_by_what_people_call_them() {
        for (headers, expected) in [
            ("timestamp,name,value,quality", "timestamp=timestamp,name=name,value=value,quality=quality"),
            ("Point Name,Volttron Point Name,Units", "name=Point Name,unit=Units"),
            ("Reference Point Name,Volttron Point Name,Units", "name=Reference Point Name,unit=Units"),
            ("TS,NAME,VALUE,STATUS", "timestamp=TS,name=NAME,value=VALUE,quality=STATUS"),
            ("Zeitstempel,Name,Wert,Einheit", "timestamp=Zeitstempel,name=Name,value=Wert,unit=Einheit"),
            ("Date,Time,Tag,Value", "date=Date,clock=Time,name=Tag,value=Value"),
            ("Datum,Uhrzeit,Wert", "date=Datum,clock=Uhrzeit,value=Wert"),
            ("Date/Time,Wind Speed (m/s)", "timestamp=Date/Time"),
            ("Date,Temp", "timestamp=Date"),
            ("Time,Temp", "timestamp=Time"),
            (
                "DATE_TIME,PLANT_ID,SOURCE_KEY,DC_POWER",
                "timestamp=DATE_TIME,device=SOURCE_KEY,group=PLANT_ID",
            ),
            ("일시,NOX,FLOW", "timestamp=일시"),
        ] {
            assert_eq!(said(headers), expected, "{headers}");
        }
    }

    #[test]
    fn what_a_person_says_comes_before_what_is_guessed() {
        let headers = ["Point Name", "Short", "U"].map(str::to_owned);
        let mapped = [(Name, "short".to_owned()), (Unit, "U".to_owned())];
        let columns = Columns::guess(&headers, &mapped).unwrap();
        assert_eq!((columns.place(Name), columns.place(Unit)), (Some(1), Some(2)));
        assert_eq!(columns.ignored(), ["Point Name"]);
    }

    #[test]
    fn a_known_column_that_is_there_twice_is_refused() {
        let headers = ["name", "unit", "unit"].map(str::to_owned);
        assert!(Columns::guess(&headers, &[]).unwrap_err().contains("'unit' twice"));
    }

    #[test]
    fn a_unit_stands_in_brackets_behind_a_header() {
        assert_eq!(split_unit("LV ActivePower (kW)"), ("LV ActivePower", "kW"));
        assert_eq!(split_unit("T [°C]"), ("T", "°C"));
        assert_eq!(split_unit("(x)"), ("(x)", ""));
        assert_eq!(split_unit("plain"), ("plain", ""));
    }
}
