//! What a column can hold, and what people call it.

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Meaning {
    Time,
    /// The day alone, where the time of day has a column of its own.
    Date,
    Clock,
    /// What stands behind the second, in a column of its own.
    Millisecond,
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
    pub const ALL: [Self; 15] = [
        Time,
        Date,
        Clock,
        Millisecond,
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
            Millisecond => "millisecond",
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
    pub(crate) fn called(self) -> impl Iterator<Item = &'static str> {
        let words = match self {
            Time => {
                "timestamputc utctimestamp timeutc utctime utcdatetime datetimeutc timestamp datetime ts \
                 time utc timestamplocal localtime localtimestamp sampletime eventtime valuetime \
                 sourcetimestamp servertimestamp recordtime logtime measuretime measurementtime \
                 lastchanged timestring dateandtime datehour timeofsample tstamp timstamp epoch epochms unixtime \
                 zeitstempel datumzeit datumuhrzeit zeitpunkt zeit datum horodatage horodate dateheure \
                 fechahora fechayhora fecha tidspunkt tidsstempel tidsstämpel tidpunkt tid tijdstip \
                 tijdstempel datumtijd dataora datahora czas 일시 시간 시각 날짜 日時 时间 時間 時刻 date dato"
            }
            Date => "date datum dato fecha data day 日付 日期 날짜",
            Clock => {
                "time timeofday hour clock uhrzeit zeit heure hora ora tid tijd klokkeslett 시간 時刻 时间"
            }
            Millisecond => {
                "millisecond milliseconds millis msec msecs millisec millitm millisekunde millisekunden ms"
            }
            Name => {
                "name tagname tag pointname point pointid tagid itemname itemid nodeid node signalname \
                 signal sensorname sensorid sensor channelname channel variablename variable seriesname \
                 series objectname registername entityid parametername parameter metric measurementname \
                 historyid datapoint datapointname datapointid trendname kks akz messstelle datenpunkt \
                 bezeichner variablenname varname nom nomtag nombre etiqueta navn namn naam nome nazwa 태그 태그명 タグ \
                 タグ名 标签 位号 item id"
            }
            Value => {
                "value val values wert messwert istwert valeur valor valore verdi värde vaerdi værdi \
                 waarde wartosc wartość reading state doublevalue floatvalue numericvalue pointvalue \
                 tagvalue analogvalue measuredvalue presentvalue currentvalue varvalue 값 値 值 数值 data"
            }
            Quality => {
                "quality qualitycode opcquality qualityflag dataquality qualitystatus qualitydetail qual \
                 statuscode status valuestatus confidence validity isgood isvalid qualität qualitaet qualite qualité \
                 calidad kvalitet kwaliteit 품질 状态 品質 qc flag"
            }
            Unit => {
                "unit units uom engunit engunits engineeringunit engineeringunits eu unitofmeasure \
                 unitofmeasurement einheit unite unité unidad unidades unità enhet enhed eenheid \
                 jednostka 단위 単位 单位"
            }
            Description => {
                "description desc descr descriptor descriptiontext pointdescription tagdescription \
                 longname longdescription displayname bezeichnung beschreibung benennung klartext libelle \
                 libellé descripcion descripción descrizione beskrivelse beskrivning omschrijving opis 설명 \
                 説明 描述 comment comments kommentar notes remarks text"
            }
            Device => {
                "device devicename deviceid asset assetname assetid machine machinename machineid turbine \
                 turbinename turbineid wtg inverter inverterid sourcekey meter metername meterid equip \
                 equipname equipid equipref equipmentname equipmentid equipmenttag controller \
                 controllername station stationname stationid unitname unitid thing rtu plc logger \
                 loggerid gerät geraet gerätename maschine aggregat appareil equipo apparat 설비 장치 設備 设备"
            }
            Path => {
                "path folder tagpath browsepath itempath hierarchy tree location pfad ordner ort chemin \
                 ruta sti"
            }
            Group => {
                "group groupname gruppe plant plantid plantname site siteid sitename siteref building \
                 buildingid buildingname area areaname system systemname subsystem process processarea \
                 section zone zonename gebäude anlage bereich groupe grupo sheet"
            }
            Equipment => "equipment",
            EquipmentType => "equipmenttype",
            Role => "role",
        };
        words.split_whitespace()
    }
}
