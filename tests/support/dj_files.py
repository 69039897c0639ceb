"""Collections of DJ programs as they write them, shortened."""

TRAKTOR = """<?xml version="1.0" encoding="UTF-8" standalone="no" ?>
<NML VERSION="19"><HEAD COMPANY="www.native-instruments.com" PROGRAM="Traktor"></HEAD>
<COLLECTION ENTRIES="5">
<ENTRY TITLE="Sexy Boy" ARTIST="Air"><LOCATION DIR="/:Users/:me/:Music/:" FILE="boy &amp; co.mp3" VOLUME="Macintosh HD">
</LOCATION><ALBUM TRACK="2" TITLE="Moon Safari"></ALBUM>
<INFO PLAYCOUNT="12" RANKING="255" IMPORT_DATE="2008/1/2" LAST_PLAYED="2009/5/4"></INFO>
<CUE_V2 NAME="AutoGrid" TYPE="4" START="310.0"></CUE_V2></ENTRY>
<ENTRY TITLE="Two" ARTIST="Can"><LOCATION DIR="/:Sets/:" FILE="two.flac" VOLUME="USB"></LOCATION>
<INFO PLAYCOUNT="1" RANKING="51" LAST_PLAYED="soon"></INFO></ENTRY>
<ENTRY><LOCATION DIR="/:Music/:" FILE="Neu.mp3" VOLUME="C:"></LOCATION><INFO PLAYCOUNT="2" RANKING="153"></INFO></ENTRY>
<ENTRY TITLE="Loop"><LOCATION DIR="/:Music/:" FILE="l.wav" VOLUME="C:"></LOCATION></ENTRY>
</COLLECTION>
<PLAYLISTS><NODE TYPE="FOLDER" NAME="$ROOT"><SUBNODES COUNT="4">
<NODE TYPE="FOLDER" NAME="2024"><SUBNODES COUNT="1"><NODE TYPE="PLAYLIST" NAME="Mix"><PLAYLIST ENTRIES="3" TYPE="LIST">
<ENTRY><PRIMARYKEY TYPE="TRACK" KEY="USB/:Sets/:two.flac"></PRIMARYKEY></ENTRY>
<ENTRY><PRIMARYKEY TYPE="TRACK" KEY="Macintosh HD/:Users/:me/:Music/:boy &amp; co.mp3"></PRIMARYKEY></ENTRY>
<ENTRY><PRIMARYKEY TYPE="TRACK" KEY="C:/:Gone/:x.mp3"></PRIMARYKEY></ENTRY></PLAYLIST></NODE></SUBNODES></NODE>
<NODE TYPE="PLAYLIST" NAME="Mix"><PLAYLIST ENTRIES="0" TYPE="LIST"></PLAYLIST></NODE>
<NODE TYPE="PLAYLIST" NAME="_LOOPS"><PLAYLIST ENTRIES="0" TYPE="LIST"></PLAYLIST></NODE>
<NODE TYPE="SMARTLIST" NAME="Best"><SMARTLIST UUID="x"></SMARTLIST></NODE>
</SUBNODES></NODE></PLAYLISTS></NML>
"""
# Days are a number of year, month and day; times are seconds since midnight, here of a clock in Berlin.
TRAKTOR_HISTORY = """<?xml version="1.0" encoding="UTF-8" standalone="no" ?>
<NML VERSION="19"><COLLECTION ENTRIES="1">
<ENTRY TITLE="Sexy Boy" ARTIST="Air"><LOCATION DIR="/:Music/:" FILE="boy.mp3" VOLUME="C:"></LOCATION>
<INFO PLAYCOUNT="99" RANKING="255" LAST_PLAYED="2009/5/4"></INFO></ENTRY></COLLECTION>
<PLAYLISTS><NODE TYPE="FOLDER" NAME="$ROOT"><SUBNODES COUNT="1"><NODE TYPE="PLAYLIST" NAME="HISTORY"><PLAYLIST>
<ENTRY><PRIMARYKEY TYPE="TRACK" KEY="C:/:Music/:boy.mp3"></PRIMARYKEY>
<EXTENDEDDATA DECK="0" DURATION="180.5" EXTENDEDTYPE="HistoryData" PLAYEDPUBLIC="1" STARTDATE="131663109"
 STARTTIME="4137"></EXTENDEDDATA></ENTRY>
<ENTRY><PRIMARYKEY TYPE="TRACK" KEY="C:/:Music/:gone.mp3"></PRIMARYKEY>
<EXTENDEDDATA DURATION="9" PLAYEDPUBLIC="0" STARTDATE="131663108" STARTTIME="83400"></EXTENDEDDATA></ENTRY>
<ENTRY><PRIMARYKEY TYPE="TRACK" KEY="C:/:Music/:gone.mp3"></PRIMARYKEY>
<EXTENDEDDATA PLAYEDPUBLIC="1" STARTDATE="0" STARTTIME="83400"></EXTENDEDDATA></ENTRY>
</PLAYLIST></NODE></SUBNODES></NODE></PLAYLISTS></NML>
"""
REKORDBOX = """<?xml version="1.0" encoding="UTF-8"?>
<DJ_PLAYLISTS Version="1.0.0"><PRODUCT Name="rekordbox" Version="6.0.0" Company="Pioneer DJ"/>
<COLLECTION Entries="3">
<TRACK TrackID="7" Name="Sexy Boy" Artist="Air" Album="Moon Safari" PlayCount="12" Rating="204"
 Location="file://localhost/C:/Music/Bj%C3%B6rk%20%26%20co.mp3"><TEMPO Inizio="0.025" Bpm="110.00"/></TRACK>
<TRACK TrackID="8" Name="" Artist="" Album="" PlayCount="1" Rating="0" Location="file://localhost/Users/me/two.mp3"/>
<TRACK TrackID="9" Name="Three" Artist="Can" PlayCount="0" Rating="51" Location="file://localhost/Users/me/3.mp3"/>
</COLLECTION>
<PLAYLISTS><NODE Type="0" Name="ROOT" Count="2">
<NODE Name="Mix" Type="1" KeyType="0" Entries="3"><TRACK Key="8"/><TRACK Key="7"/><TRACK Key="99"/></NODE>
<NODE Name="Sets" Type="0" Count="1"><NODE Name="By place" Type="1" KeyType="1" Entries="1">
<TRACK Key="file://localhost/Users/me/3.mp3"/></NODE></NODE>
</NODE></PLAYLISTS></DJ_PLAYLISTS>
"""
VIRTUAL_DJ = r"""<?xml version="1.0" encoding="UTF-8"?>
<VirtualDJ_Database Version="2023">
 <Song FilePath="C:\Music\boy &amp; co.mp3" FileSize="8388608">
  <Tags Author="Air" Title="Sexy Boy" Album="Moon Safari" Year="1998" />
  <Infos SongLength="300.5" PlayCount="12" FirstSeen="1200000000" LastPlay="1241478537" />
  <Poi Pos="1.5" Type="cue" Num="1" />
 </Song>
 <Song FilePath="/Users/me/two.mp3"><Infos PlayCount="1" /></Song>
 <Song FilePath="/Users/me/3.mp3"><Tags Author="Can" Title="Three" /></Song>
</VirtualDJ_Database>
"""
