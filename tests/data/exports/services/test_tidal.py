"""TIDAL's data as it is read."""

from listen_exports import read

TEXT = (
    "artist_name,track_title,entry_date,stream_duration_ms,product_type,ip_address,client_name_from_session,"
    "country_name,region_name,city_name,postal_code,time_zone\n"
    'Kid Cudi,"Teleport 2 Me, Jamie",08/03/2022 19:01,270000.0,TRACK,0.0.0.0,Web,Canada,P,C,A1B,America/Toronto\n'
    "Kid Cudi,Swang,09/03/2022 3:07,3000.0000,TRACK,null,mobile,null,null,null,null,null\n"
    "Kid Cudi,Swang,09/03/2022 0:02,null,TRACK,null,mobile,null,null,null,null,Not/AZone\n"
    "Kid Cudi,Long,09/03/2022 0:02,inf,TRACK,null,mobile,null,null,null,null,null\n"
    "Kid Cudi,Film,09/03/2022 0:02,1000.0,VIDEO,null,mobile,null,null,null,null,null\n"
    "Kid Cudi,Swang,yesterday,1000.0,TRACK,null,mobile,null,null,null,null,null\n"
)
MIDNIGHT = 1_646_784_000  # 2022-03-09T00:00:00Z


def test_times_are_of_the_zone_in_their_row(tmp_path):
    (tmp_path / "streaming.csv").write_text(TEXT)
    assert read(tmp_path / "streaming.csv", "user", "artist", "title", "time_s", "played_ms") == (
        "tidal",
        [
            ("me", "Kid Cudi", "Teleport 2 Me, Jamie", MIDNIGHT + 60, 270_000),  # 19:01 is 00:01 in UTC
            ("me", "Kid Cudi", "Swang", MIDNIGHT + 3 * 3_600 + 7 * 60, 3_000),
            ("me", "Kid Cudi", "Swang", MIDNIGHT + 2 * 60, None),
            ("me", "Kid Cudi", "Long", MIDNIGHT + 2 * 60, None),
        ],
        {"videos and other products": 1, "malformed": 1},
    )
    assert read(tmp_path / "streaming.csv", "user", listener="ana")[1][0] == ("ana",)
