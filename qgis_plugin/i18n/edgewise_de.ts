<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="de">
<context>
    <name>Edgewise</name>
    <message>
        <location filename="../../engine/contract/specs/segment.py"/>
        <source>Segment an orthophoto</source>
        <translation>Ein Orthofoto segmentieren</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/segment.py"/>
        <source>Map</source>
        <translation>Kartieren</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/segment.py"/>
        <source>Label every pixel of an orthophoto with a trained model.</source>
        <translation>Jedes Pixel eines Orthofotos mit einem trainierten Modell einer Klasse zuordnen.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/segment.py"/>
        <source>The orthophoto may have any size: it is read in tiles with a margin, so that no seam shows. The class raster has the grid of the orthophoto; pixels without data are 255. A run that was stopped goes on where it was when it is started again.</source>
        <translation>Das Orthofoto darf beliebig groß sein: Es wird in Kacheln mit einem Rand gelesen, sodass keine Naht zu sehen ist. Das Klassenraster hat das Gitter des Orthofotos; Pixel ohne Daten sind 255. Ein abgebrochener Lauf geht dort weiter, wo er war, wenn er erneut gestartet wird.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/segment.py"/>
        <source>An orthophoto delivered as many adjoining files is one input: in QGIS make a virtual raster of them first (Raster &gt; Miscellaneous &gt; Build Virtual Raster), on the command line name the files or their folder.</source>
        <translation>Ein Orthofoto, das als viele angrenzende Dateien geliefert wurde, ist eine Eingabe: Machen Sie in QGIS zuerst ein virtuelles Raster daraus (Raster &gt; Sonstiges &gt; Virtuelles Raster erstellen); auf der Kommandozeile nennen Sie die Dateien oder ihren Ordner.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/segment.py"/>
        <source>Orthophoto</source>
        <translation>Orthofoto</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/segment.py"/>
        <source>Raster to segment. Several files or a folder of them are one orthophoto when they lie on one grid; where they overlap, later files cover earlier ones.</source>
        <translation>Raster, das segmentiert wird. Mehrere Dateien oder ein Ordner davon sind ein Orthofoto, wenn sie auf einem Gitter liegen; wo sie sich überlappen, verdecken spätere Dateien frühere.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/segment.py"/>
        <source>Model</source>
        <translation>Modell</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/segment.py"/>
        <source>Model file, trained or distilled by Edgewise, or an ONNX file with the metadata that Deepness reads; the student that ships with Edgewise when not given.</source>
        <translation>Modelldatei, von Edgewise trainiert oder destilliert, oder eine ONNX-Datei mit den Metadaten, die Deepness liest; ohne Angabe der Student, der mit Edgewise kommt.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/segment.py"/>
        <source>Area of interest</source>
        <translation>Gebiet</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/segment.py"/>
        <source>Polygons in any CRS; what lies outside stays unlabelled.</source>
        <translation>Polygone in beliebigem KBS; was außerhalb liegt, bleibt ohne Klasse.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/segment.py"/>
        <source>Extent</source>
        <translation>Ausdehnung</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/segment.py"/>
        <source>Part of the orthophoto to segment: xmin,ymin,xmax,ymax in its CRS, or with another one behind it such as EPSG:4326. The maps cover this part only.</source>
        <translation>Teil des Orthofotos, der segmentiert wird: xmin,ymin,xmax,ymax in seinem KBS oder mit einem anderen dahinter wie EPSG:4326. Die Karten decken nur diesen Teil ab.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/segment.py"/>
        <source>Bands</source>
        <translation>Kanäle</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/segment.py"/>
        <source>Names or numbers of the bands in the order that the model takes them, such as 4 3 2. Not needed where the names are those of the model.</source>
        <translation>Namen oder Nummern der Kanäle in der Reihenfolge, in der das Modell sie nimmt, etwa 4 3 2. Nicht nötig, wo die Namen die des Modells sind.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/segment.py"/>
        <source>Pixel size</source>
        <translation>Pixelgröße</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/segment.py"/>
        <source>What to do with pixels that are larger or smaller than those the model was trained on.</source>
        <translation>Was mit Pixeln geschieht, die größer oder kleiner sind als die, mit denen das Modell trainiert wurde.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/segment.py"/>
        <source>Refuse other pixel sizes</source>
        <translation>Andere Pixelgrößen ablehnen</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/segment.py"/>
        <source>Resample to the model's pixel size while reading</source>
        <translation>Beim Lesen auf die Pixelgröße des Modells umrechnen</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/segment.py"/>
        <source>Grid</source>
        <translation>Gitter</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/segment.py"/>
        <source>Grid of the maps of a resampled orthophoto.</source>
        <translation>Gitter der Karten eines umgerechneten Orthofotos.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/segment.py"/>
        <source>That of the orthophoto</source>
        <translation>Das des Orthofotos</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/segment.py"/>
        <source>That of the resampled pixels</source>
        <translation>Das der umgerechneten Pixel</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/segment.py"/>
        <source>Grade</source>
        <translation>Güte</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/segment.py"/>
        <source>Seamless changes at most 1 pixel in 10,000 and is faster; exact gives the labels of one pass over all; blended averages overlapping tiles, as networks that look at the whole tile always need.</source>
        <translation>Nahtlos ändert höchstens 1 von 10.000 Pixeln und ist schneller; exakt gibt die Klassen eines einzigen Durchgangs über alles; überblendet mittelt überlappende Kacheln, was Netze, die auf die ganze Kachel schauen, immer brauchen.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/segment.py"/>
        <source>Seamless</source>
        <translation>Nahtlos</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/segment.py"/>
        <source>Exact</source>
        <translation>Exakt</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/segment.py"/>
        <source>Blended</source>
        <translation>Überblendet</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/segment.py"/>
        <source>Test-time augmentation</source>
        <translation>Augmentierung beim Vorhersagen</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/segment.py"/>
        <source>Average the model over flipped and turned views: more accurate, 4 or 8 times slower.</source>
        <translation>Das Modell über gespiegelte und gedrehte Ansichten mitteln: genauer, 4- oder 8-mal langsamer.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/segment.py"/>
        <source>One view</source>
        <translation>Eine Ansicht</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/segment.py"/>
        <source>4 flips</source>
        <translation>4 Spiegelungen</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/segment.py"/>
        <source>8 flips and turns</source>
        <translation>8 Spiegelungen und Drehungen</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/segment.py"/>
        <source>Refine borders</source>
        <translation>Grenzen verfeinern</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/segment.py"/>
        <source>Let the borders of the classes follow those that the image shows, within a few pixels; slower.</source>
        <translation>Die Grenzen der Klassen denen folgen lassen, die das Bild zeigt, innerhalb weniger Pixel; langsamer.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/segment.py"/>
        <source>As the model draws them</source>
        <translation>Wie das Modell sie zieht</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/segment.py"/>
        <source>Guided filter</source>
        <translation>Geführter Filter</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/segment.py"/>
        <source>Runtime</source>
        <translation>Laufzeitumgebung</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/segment.py"/>
        <source>What runs the model; automatic tries what is installed once and keeps the fastest.</source>
        <translation>Womit das Modell rechnet; Automatisch probiert einmal, was installiert ist, und behält das Schnellste.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/segment.py"/>
        <source>Automatic</source>
        <translation>Automatisch</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/segment.py"/>
        <source>PyTorch</source>
        <translation>PyTorch</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/segment.py"/>
        <source>OpenVINO</source>
        <translation>OpenVINO</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/segment.py"/>
        <source>ONNX Runtime</source>
        <translation>ONNX Runtime</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/segment.py"/>
        <source>Precision</source>
        <translation>Genauigkeit</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/segment.py"/>
        <source>Number format of the model.</source>
        <translation>Zahlenformat des Modells.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/segment.py"/>
        <source>32 bits</source>
        <translation>32 Bit</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/segment.py"/>
        <source>16 bits, bfloat16</source>
        <translation>16 Bit, bfloat16</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/segment.py"/>
        <source>16 bits, half</source>
        <translation>16 Bit, halbe Genauigkeit</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/segment.py"/>
        <source>Tile size</source>
        <translation>Kachelgröße</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/segment.py"/>
        <source>Side of a tile in pixels, margin included; 0 chooses.</source>
        <translation>Seite einer Kachel in Pixeln, mit Rand; bei 0 wird gewählt.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/segment.py"/>
        <source>Batch</source>
        <translation>Stapel</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/segment.py"/>
        <source>Tiles computed at once; 0 chooses.</source>
        <translation>Kacheln, die zugleich berechnet werden; bei 0 wird gewählt.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/segment.py"/>
        <source>Device</source>
        <translation>Gerät</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/segment.py"/>
        <source>Where to compute.</source>
        <translation>Wo gerechnet wird.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/segment.py"/>
        <source>CPU</source>
        <translation>Prozessor (CPU)</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/segment.py"/>
        <source>GPU</source>
        <translation>Grafikprozessor (GPU)</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/segment.py"/>
        <source>Resume</source>
        <translation>Fortsetzen</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/segment.py"/>
        <source>Go on with a stopped run of the same request.</source>
        <translation>Einen abgebrochenen Lauf derselben Anfrage fortsetzen.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/segment.py"/>
        <source>Share</source>
        <translation>Anteil</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/segment.py"/>
        <source>Compute one share of the rows, such as 1/4, and leave it for the merge job.</source>
        <translation>Einen Anteil der Zeilen berechnen, etwa 1/4, und ihn für das Zusammenfügen liegen lassen.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/segment.py"/>
        <source>Classes</source>
        <translation>Klassen</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/segment.py"/>
        <source>Class raster that is written.</source>
        <translation>Klassenraster, das geschrieben wird.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/segment.py"/>
        <source>Confidence</source>
        <translation>Sicherheit</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/segment.py"/>
        <source>Raster with the probability of the chosen class in percent.</source>
        <translation>Raster mit der Wahrscheinlichkeit der gewählten Klasse in Prozent.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/segment.py"/>
        <source>Probabilities</source>
        <translation>Wahrscheinlichkeiten</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/segment.py"/>
        <source>Raster with the probability of every class in percent, one band for each.</source>
        <translation>Raster mit der Wahrscheinlichkeit jeder Klasse in Prozent, ein Kanal für jede.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/segment.py"/>
        <source>Polygons</source>
        <translation>Polygone</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/segment.py"/>
        <source>Polygons of the classes; the suffix decides the format.</source>
        <translation>Polygone der Klassen; die Endung bestimmt das Format.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/segment.py"/>
        <source>Pixels without a class</source>
        <translation>Pixel ohne Klasse</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/segment.py"/>
        <source>Seam index; 1 where no seam shows</source>
        <translation>Nahtindex; 1, wo keine Naht zu sehen ist</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/segment.py"/>
        <source>Speed in megapixels a second</source>
        <translation>Geschwindigkeit in Megapixeln je Sekunde</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/segment.py"/>
        <source>Tiles computed</source>
        <translation>Berechnete Kacheln</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/segment.py"/>
        <source>Time in seconds</source>
        <translation>Zeit in Sekunden</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/segment.py"/>
        <source>Device that computed</source>
        <translation>Gerät, das gerechnet hat</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/segment.py"/>
        <source>Runtime that computed</source>
        <translation>Laufzeitumgebung, die gerechnet hat</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/merge.py"/>
        <source>Merge shares</source>
        <translation>Anteile zusammenfügen</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/merge.py"/>
        <source>Put the shares of a segmentation together.</source>
        <translation>Die Anteile einer Segmentierung zusammenfügen.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/merge.py"/>
        <source>Each `segment --shard 1/4` leaves its finished rows in a folder `classes.bands`. With one folder that all shares wrote, or one folder from each machine, this gives the rasters that one run would have given, to the pixel.</source>
        <translation>Jedes `segment --shard 1/4` lässt seine fertigen Zeilen in einem Ordner `classes.bands`. Aus einem Ordner, in den alle Anteile geschrieben haben, oder einem Ordner von jedem Rechner entstehen pixelgenau die Raster, die ein einziger Lauf ergeben hätte.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/merge.py"/>
        <source>The raster, files or folder that was segmented; its grid is taken.</source>
        <translation>Das Raster, die Dateien oder der Ordner, die segmentiert wurden; ihr Gitter wird übernommen.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/merge.py"/>
        <source>The model it was segmented with; the student that ships with Edgewise when none is given.</source>
        <translation>Das Modell, mit dem segmentiert wurde; ohne Angabe der mitgelieferte Schüler.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/merge.py"/>
        <source>Shares</source>
        <translation>Anteile</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/merge.py"/>
        <source>Folders that end in .bands; where a dialog takes files only, any file in each.</source>
        <translation>Ordner, die auf .bands enden; wo ein Dialog nur Dateien annimmt, je eine beliebige Datei darin.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/vectorize.py"/>
        <source>Vectorize classes</source>
        <translation>Klassen vektorisieren</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/vectorize.py"/>
        <source>Make polygons of a class raster of any size.</source>
        <translation>Aus einem Klassenraster beliebiger Größe Polygone machen.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/vectorize.py"/>
        <source>Neighbours share their borders exactly, also where they are simplified or rounded: there is no gap and no overlap, and no seam. Each polygon has its class, area and perimeter on the ground and, with a confidence raster, its mean confidence. Regular building outlines are drawn on their own and may leave or cross the borders of their neighbours.</source>
        <translation>Nachbarn teilen sich ihre Grenzen genau, auch wo sie vereinfacht oder gerundet werden: Es gibt keine Lücke, keine Überlappung und keine Naht. Jedes Polygon hat seine Klasse, Fläche und seinen Umfang am Boden und, mit einem Sicherheitsraster, seine mittlere Sicherheit. Regelmäßige Gebäudeumrisse werden für sich gezeichnet und können die Grenzen ihrer Nachbarn verlassen oder kreuzen.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/vectorize.py"/>
        <source>Class raster.</source>
        <translation>Klassenraster.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/vectorize.py"/>
        <source>Confidence raster of the map in percent, averaged over each polygon.</source>
        <translation>Sicherheitsraster der Karte in Prozent, über jedes Polygon gemittelt.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/vectorize.py"/>
        <source>Legend</source>
        <translation>Legende</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/vectorize.py"/>
        <source>JSON list of {id, name, color}; replaces the names found in the map.</source>
        <translation>JSON-Liste von {id, name, color}; ersetzt die Namen, die in der Karte stehen.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/vectorize.py"/>
        <source>Minimum area</source>
        <translation>Mindestfläche</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/vectorize.py"/>
        <source>Smaller areas, in m2, go to the neighbour with the longest border; in pixels without a CRS.</source>
        <translation>Kleinere Flächen, in m2, gehen an den Nachbarn mit der längsten gemeinsamen Grenze; ohne KBS in Pixeln.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/vectorize.py"/>
        <source>Tolerance</source>
        <translation>Toleranz</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/vectorize.py"/>
        <source>How far borders are simplified, in metres; 0 keeps the outline of every pixel.</source>
        <translation>Wie weit Grenzen vereinfacht werden, in Metern; 0 behält den Umriss jedes Pixels.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/vectorize.py"/>
        <source>Smooth</source>
        <translation>Glätten</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/vectorize.py"/>
        <source>Round the corners of borders.</source>
        <translation>Die Ecken der Grenzen runden.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/vectorize.py"/>
        <source>Tolerated share</source>
        <translation>Geduldeter Anteil</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/vectorize.py"/>
        <source>Largest share of pixels that simplified borders may give to another class; where it would be more, borders stay finer.</source>
        <translation>Größter Anteil der Pixel, den vereinfachte Grenzen einer anderen Klasse geben dürfen; wo es mehr wäre, bleiben die Grenzen feiner.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/vectorize.py"/>
        <source>Regularize</source>
        <translation>Begradigen</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/vectorize.py"/>
        <source>Class whose outlines get right angles, such as building; empty for none.</source>
        <translation>Klasse, deren Umrisse rechte Winkel bekommen, etwa building; leer für keine.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/vectorize.py"/>
        <source>Least overlap</source>
        <translation>Mindestüberdeckung</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/vectorize.py"/>
        <source>Intersection over union with the raw outline below which an outline is not made regular.</source>
        <translation>Schnitt durch Vereinigung mit dem rohen Umriss, unter dem ein Umriss nicht begradigt wird.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/vectorize.py"/>
        <source>Side of a tile in pixels; 0 chooses.</source>
        <translation>Seite einer Kachel in Pixeln; bei 0 wird gewählt.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/vectorize.py"/>
        <source>Layer that is written; GeoPackage with its style, or by suffix FlatGeobuf, GeoJSON or GeoParquet.</source>
        <translation>Layer, der geschrieben wird; GeoPackage mit seinem Stil, oder je nach Endung FlatGeobuf, GeoJSON oder GeoParquet.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/vectorize.py"/>
        <source>Number of polygons</source>
        <translation>Anzahl der Polygone</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/vectorize.py"/>
        <source>Outlines made regular</source>
        <translation>Begradigte Umrisse</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/vectorize.py"/>
        <source>Share of pixels that simplification changed</source>
        <translation>Anteil der Pixel, den das Vereinfachen geändert hat</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/train.py"/>
        <source>Train a network</source>
        <translation>Ein Netz trainieren</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/train.py"/>
        <source>Train</source>
        <translation>Trainieren</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/train.py"/>
        <source>Train a network from orthophotos and labels.</source>
        <translation>Ein Netz aus Orthofotos und Labels trainieren.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/train.py"/>
        <source>Labels are rasters on the grid of their orthophoto, or polygons with a class field. Pixels without a label never count. The model file carries bands, scaling, ground sampling distance and classes, so nothing is asked again later.</source>
        <translation>Labels sind Raster auf dem Gitter ihres Orthofotos oder Polygone mit einem Klassenfeld. Pixel ohne Label zählen nie. Die Modelldatei enthält Kanäle, Skalierung, Bodenauflösung und Klassen, sodass später nichts noch einmal gefragt wird.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/train.py"/>
        <source>Orthophotos</source>
        <translation>Orthofotos</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/train.py"/>
        <source>One or more orthophotos with the same bands.</source>
        <translation>Ein oder mehrere Orthofotos mit denselben Kanälen.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/train.py"/>
        <source>Labels</source>
        <translation>Labels</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/train.py"/>
        <source>One label raster for each orthophoto, in the same order and on the same grid; or polygon layers that cover them.</source>
        <translation>Ein Labelraster für jedes Orthofoto, in derselben Reihenfolge und auf demselben Gitter; oder Polygonlayer, die sie bedecken.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/train.py"/>
        <source>Class field</source>
        <translation>Klassenfeld</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/train.py"/>
        <source>Attribute with the class of each polygon, number or text.</source>
        <translation>Attribut mit der Klasse jedes Polygons, Zahl oder Text.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/train.py"/>
        <source>JSON list of {id, name, color}; replaces the names found in the labels.</source>
        <translation>JSON-Liste von {id, name, color}; ersetzt die Namen, die in den Labels stehen.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/train.py"/>
        <source>Validation orthophotos</source>
        <translation>Orthofotos zur Validierung</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/train.py"/>
        <source>Orthophotos kept apart to measure the network; none: blocks of the training ones.</source>
        <translation>Orthofotos, die beiseite bleiben, um das Netz zu messen; ohne: Blöcke der Trainingsfotos.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/train.py"/>
        <source>Validation labels</source>
        <translation>Labels zur Validierung</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/train.py"/>
        <source>Labels of the validation orthophotos.</source>
        <translation>Labels der Orthofotos zur Validierung.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/train.py"/>
        <source>Pseudo-labels</source>
        <translation>Pseudo-Labels</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/train.py"/>
        <source>Rasters that pseudolabel made, one for each orthophoto; they count less than labels.</source>
        <translation>Raster aus pseudolabel, eines je Orthofoto; sie zählen weniger als Labels.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/train.py"/>
        <source>Start from</source>
        <translation>Beginnen mit</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/train.py"/>
        <source>Model to train further; its architecture and scaling are kept, and its classes too unless a legend names others: then all but the classifier is kept.</source>
        <translation>Modell, das weiter trainiert wird; Architektur und Skalierung bleiben, auch die Klassen, sofern keine Legende andere nennt: Dann bleibt alles außer dem Klassifikator.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/train.py"/>
        <source>Network</source>
        <translation>Netz</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/train.py"/>
        <source>Architecture to train.</source>
        <translation>Architektur, die trainiert wird.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/train.py"/>
        <source>U-Net, ResNet-50 (teacher)</source>
        <translation>U-Net, ResNet-50 (Lehrer)</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/train.py"/>
        <source>FPN, ConvNeXt-Tiny (teacher)</source>
        <translation>FPN, ConvNeXt-Tiny (Lehrer)</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/train.py"/>
        <source>SegFormer-B2 (teacher)</source>
        <translation>SegFormer-B2 (Lehrer)</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/train.py"/>
        <source>U-Net, ResNet-18</source>
        <translation>U-Net, ResNet-18</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/train.py"/>
        <source>Thin U-Net, ResNet-18 (student)</source>
        <translation>Schlankes U-Net, ResNet-18 (Schüler)</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/train.py"/>
        <source>Thin U-Net, MobileNetV2 (student)</source>
        <translation>Schlankes U-Net, MobileNetV2 (Schüler)</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/train.py"/>
        <source>Thin U-Net, MobileOne-S0 (student)</source>
        <translation>Schlankes U-Net, MobileOne-S0 (Schüler)</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/train.py"/>
        <source>Encoder weights</source>
        <translation>Gewichte des Encoders</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/train.py"/>
        <source>Start from an encoder trained on ImageNet (downloaded once) or from nothing.</source>
        <translation>Mit einem auf ImageNet trainierten Encoder beginnen (wird einmal heruntergeladen) oder mit nichts.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/train.py"/>
        <source>ImageNet</source>
        <translation>ImageNet</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/train.py"/>
        <source>None, train from scratch</source>
        <translation>Keine, von Grund auf trainieren</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/train.py"/>
        <source>Iterations</source>
        <translation>Iterationen</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/train.py"/>
        <source>Number of training steps.</source>
        <translation>Anzahl der Trainingsschritte.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/train.py"/>
        <source>Chips in one step.</source>
        <translation>Ausschnitte in einem Schritt.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/train.py"/>
        <source>Chip size</source>
        <translation>Ausschnittgröße</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/train.py"/>
        <source>Side of a chip in pixels; a multiple of 32.</source>
        <translation>Seite eines Ausschnitts in Pixeln; ein Vielfaches von 32.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/train.py"/>
        <source>Learning rate</source>
        <translation>Lernrate</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/train.py"/>
        <source>Highest learning rate of AdamW.</source>
        <translation>Höchste Lernrate von AdamW.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/train.py"/>
        <source>Weight decay</source>
        <translation>Gewichtsabnahme</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/train.py"/>
        <source>Weight decay of AdamW.</source>
        <translation>Gewichtsabnahme (weight decay) von AdamW.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/train.py"/>
        <source>Schedule</source>
        <translation>Verlauf</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/train.py"/>
        <source>How the learning rate falls after warm-up.</source>
        <translation>Wie die Lernrate nach dem Anlauf fällt.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/train.py"/>
        <source>Cosine</source>
        <translation>Kosinus</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/train.py"/>
        <source>Polynomial, power 0.9</source>
        <translation>Polynom, Potenz 0,9</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/train.py"/>
        <source>Loss</source>
        <translation>Verlustfunktion</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/train.py"/>
        <source>Loss against the labels.</source>
        <translation>Verlustfunktion gegenüber den Labels.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/train.py"/>
        <source>Cross entropy</source>
        <translation>Kreuzentropie</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/train.py"/>
        <source>Dice</source>
        <translation>Dice</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/train.py"/>
        <source>Cross entropy and Dice</source>
        <translation>Kreuzentropie und Dice</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/train.py"/>
        <source>Lovász-softmax</source>
        <translation>Lovász-Softmax</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/train.py"/>
        <source>Focal</source>
        <translation>Focal</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/train.py"/>
        <source>Cross entropy, more near borders</source>
        <translation>Kreuzentropie, stärker nahe Grenzen</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/train.py"/>
        <source>Cross entropy, also at the stages of the encoder</source>
        <translation>Kreuzentropie, auch an den Stufen des Encoders</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/train.py"/>
        <source>Balance classes</source>
        <translation>Klassen ausgleichen</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/train.py"/>
        <source>Draw chips so that rare classes come as often as common ones.</source>
        <translation>Ausschnitte so ziehen, dass seltene Klassen so oft vorkommen wie häufige.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/train.py"/>
        <source>Scale jitter</source>
        <translation>Maßstabsstreuung</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/train.py"/>
        <source>Chips are drawn between 1/(1+j) and 1+j times the ground sampling distance.</source>
        <translation>Ausschnitte werden zwischen dem 1/(1+j)- und dem 1+j-Fachen der Bodenauflösung gezogen.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/train.py"/>
        <source>Vary light and colour</source>
        <translation>Licht und Farbe variieren</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/train.py"/>
        <source>Random brightness, contrast and colour cast of chips.</source>
        <translation>Helligkeit, Kontrast und Farbstich der Ausschnitte zufällig ändern.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/train.py"/>
        <source>Weight average</source>
        <translation>Mittel der Gewichte</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/train.py"/>
        <source>Decay of the moving average of weights that is saved; 0 saves the last weights.</source>
        <translation>Abklingen des gleitenden Mittels der Gewichte, das gespeichert wird; 0 speichert die letzten Gewichte.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/train.py"/>
        <source>Licence</source>
        <translation>Lizenz</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/train.py"/>
        <source>Licence of the model, written to its card.</source>
        <translation>Lizenz des Modells, steht in seiner Karteikarte.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/train.py"/>
        <source>Seed</source>
        <translation>Startwert</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/train.py"/>
        <source>Start of all random numbers.</source>
        <translation>Anfang aller Zufallszahlen.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/train.py"/>
        <source>Model file that is written.</source>
        <translation>Modelldatei, die geschrieben wird.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/train.py"/>
        <source>Mean IoU on the validation chips</source>
        <translation>Mittlere IoU auf den Ausschnitten zur Validierung</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/train.py"/>
        <source>Overall accuracy on the validation chips</source>
        <translation>Gesamtgenauigkeit auf den Ausschnitten zur Validierung</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/train.py"/>
        <source>Parameters of the network</source>
        <translation>Parameter des Netzes</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/train.py"/>
        <source>Training time in seconds</source>
        <translation>Trainingszeit in Sekunden</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/train.py"/>
        <source>SHA-256 of the weights</source>
        <translation>SHA-256 der Gewichte</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/distill.py"/>
        <source>Distill a student</source>
        <translation>Einen Schüler destillieren</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/distill.py"/>
        <source>Distill a light student from one or more trained teachers.</source>
        <translation>Aus einem oder mehreren trainierten Lehrern einen leichten Schüler destillieren.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/distill.py"/>
        <source>The student learns from the labels and from what the teachers see in the same chips; with unlabelled orthophotos also from places that nobody labelled. Teachers are only read, and are not needed to run the student.</source>
        <translation>Der Schüler lernt aus den Labels und aus dem, was die Lehrer in denselben Ausschnitten sehen; mit Orthofotos ohne Labels auch von Orten, die niemand gelabelt hat. Lehrer werden nur gelesen und zum Anwenden des Schülers nicht gebraucht.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/distill.py"/>
        <source>Student</source>
        <translation>Schüler</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/distill.py"/>
        <source>Architecture of the student.</source>
        <translation>Architektur des Schülers.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/distill.py"/>
        <source>Teachers</source>
        <translation>Lehrer</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/distill.py"/>
        <source>Trained models with the same bands and classes; ONNX files with Deepness metadata teach by their logits.</source>
        <translation>Trainierte Modelle mit denselben Kanälen und Klassen; ONNX-Dateien mit Deepness-Metadaten lehren durch ihre Logits.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/distill.py"/>
        <source>Distillation</source>
        <translation>Destillation</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/distill.py"/>
        <source>Terms and weights, such as drd=1.0,pixel_kd=auto. Terms: pixel_kd, ensemble, ensemble_flip, drd, drd_spatial, drd_channel, drd_dot, drd_square, drd_stage4, brd, brd_boundary, brd_premask, brd_logits, csc_joint, csc_shuffled, csc_factorized, ace, ace_soft, feature_mse, feature_mse_stage4, pkd, pkd_stage4, at, cwd, cwd_logits, skd, ifvd, cirkd, cirkd_memory, dist, bpkd, ickd, aicsd.</source>
        <translation>Terme und Gewichte, etwa drd=1.0,pixel_kd=auto. Terme: pixel_kd, ensemble, ensemble_flip, drd, drd_spatial, drd_channel, drd_dot, drd_square, drd_stage4, brd, brd_boundary, brd_premask, brd_logits, csc_joint, csc_shuffled, csc_factorized, ace, ace_soft, feature_mse, feature_mse_stage4, pkd, pkd_stage4, at, cwd, cwd_logits, skd, ifvd, cirkd, cirkd_memory, dist, bpkd, ickd, aicsd.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/distill.py"/>
        <source>Teacher signals</source>
        <translation>Antworten der Lehrer</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/distill.py"/>
        <source>Ask the teachers for every chip, or once for whole orthophotos: faster in long trainings, for terms on logits only.</source>
        <translation>Die Lehrer für jeden Ausschnitt fragen, oder einmal für ganze Orthofotos: schneller bei langem Training, nur für Terme auf Logits.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/distill.py"/>
        <source>Asked for every chip</source>
        <translation>Für jeden Ausschnitt gefragt</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/distill.py"/>
        <source>Asked once, kept beside the model while it trains</source>
        <translation>Einmal gefragt, neben dem Modell aufbewahrt, solange es lernt</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/distill.py"/>
        <source>Unlabelled orthophotos</source>
        <translation>Orthofotos ohne Labels</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/distill.py"/>
        <source>Orthophotos without labels from which the student also learns.</source>
        <translation>Orthofotos ohne Labels, aus denen der Schüler ebenfalls lernt.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/distill.py"/>
        <source>Share of unlabelled chips</source>
        <translation>Anteil der Ausschnitte ohne Labels</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/distill.py"/>
        <source>Share of each batch drawn from the unlabelled orthophotos.</source>
        <translation>Anteil jedes Stapels, der aus den Orthofotos ohne Labels gezogen wird.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/suggest.py"/>
        <source>Suggest regions to label</source>
        <translation>Gebiete zum Labeln vorschlagen</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/suggest.py"/>
        <source>Improve labels</source>
        <translation>Labels verbessern</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/suggest.py"/>
        <source>Suggest the regions whose labels teach the model most.</source>
        <translation>Die Gebiete vorschlagen, deren Labels das Modell am meisten lehren.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/suggest.py"/>
        <source>Edge units are stretches of one border between two classes, region units are pieces of ground; both are chosen where the model is unsure, balanced over the classes, and written as a campaign that works in plain QGIS. With a legend the first batch needs no model: it holds ground of every kind, told apart by colour and texture, or what a CLIP model finds by texts.</source>
        <translation>Kanteneinheiten sind Stücke einer Grenze zwischen zwei Klassen, Flächeneinheiten sind Stücke Boden; beide werden dort gewählt, wo das Modell unsicher ist, gleichmäßig über die Klassen, und als Kampagne geschrieben, die in reinem QGIS läuft. Mit einer Legende braucht der erste Schub kein Modell: Er enthält Boden jeder Art, nach Farbe und Textur unterschieden, oder was ein CLIP-Modell nach Texten findet.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/suggest.py"/>
        <source>Raster to look for regions in; several files or a folder of them are one, as in segment.</source>
        <translation>Raster, in dem Regionen gesucht werden; mehrere Dateien oder ein Ordner davon sind eines, wie beim Segmentieren.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/suggest.py"/>
        <source>Model of the current round; with neither this nor a legend, the student that ships with Edgewise.</source>
        <translation>Modell der laufenden Runde; ohne Modell und ohne Legende der mitgelieferte Schüler.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/suggest.py"/>
        <source>JSON list of {id, name, color}, the classes to label. Without a model, ground of every kind is offered by its colours; a model may then know other classes and only shows where it is unsure.</source>
        <translation>JSON-Liste aus {id, name, color}, die zu labelnden Klassen. Ohne Modell wird Boden jeder Art nach seinen Farben angeboten; ein Modell darf dann andere Klassen kennen und zeigt nur, wo es unsicher ist.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/suggest.py"/>
        <source>Prompt model</source>
        <translation>Prompt-Modell</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/suggest.py"/>
        <source>For a first batch without a model: CLIP model that looks for each class by a text, so that each gets its share. It is the model.safetensors in a folder in the format of Hugging Face, beside its other files.</source>
        <translation>Für einen ersten Schub ohne Modell: CLIP-Modell, das jede Klasse nach einem Text sucht, sodass jede ihren Anteil bekommt. Es ist die Datei model.safetensors in einem Ordner im Format von Hugging Face, neben dessen übrigen Dateien.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/suggest.py"/>
        <source>Prompts</source>
        <translation>Prompts</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/suggest.py"/>
        <source>Texts for the prompt model in its language, mostly English, such as: building=a roof seen from above; water=a lake. Classes without one are looked for as a satellite photo of their name.</source>
        <translation>Texte für das Prompt-Modell in seiner Sprache, meist Englisch, zum Beispiel: building=a roof seen from above; water=a lake. Klassen ohne Text werden als „a satellite photo of“ mit ihrem Namen gesucht.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/suggest.py"/>
        <source>Part of the orthophoto to look for regions in: xmin,ymin,xmax,ymax in its CRS, or with another one behind it such as EPSG:4326.</source>
        <translation>Teil des Orthofotos, in dem Regionen gesucht werden: xmin,ymin,xmax,ymax in seinem KBS oder mit einem anderen dahinter wie EPSG:4326.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/suggest.py"/>
        <source>Budget</source>
        <translation>Budget</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/suggest.py"/>
        <source>What the batch may cost, in the unit below.</source>
        <translation>Was die Auswahl kosten darf, in der Einheit darunter.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/suggest.py"/>
        <source>Unit of the budget</source>
        <translation>Einheit des Budgets</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/suggest.py"/>
        <source>What is counted: regions, the clicks that they are expected to need, or their pixels.</source>
        <translation>Was gezählt wird: Gebiete, die Klicks, die sie voraussichtlich brauchen, oder ihre Pixel.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/suggest.py"/>
        <source>Regions</source>
        <translation>Gebiete</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/suggest.py"/>
        <source>Clicks</source>
        <translation>Klicks</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/suggest.py"/>
        <source>Pixels</source>
        <translation>Pixel</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/suggest.py"/>
        <source>Share of edge units</source>
        <translation>Anteil der Kanteneinheiten</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/suggest.py"/>
        <source>Share of the budget spent on borders.</source>
        <translation>Anteil des Budgets, der für Grenzen ausgegeben wird.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/suggest.py"/>
        <source>Score</source>
        <translation>Maß</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/suggest.py"/>
        <source>How uncertainty is measured.</source>
        <translation>Wie Unsicherheit gemessen wird.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/suggest.py"/>
        <source>Best versus second best</source>
        <translation>Beste gegen zweitbeste Klasse</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/suggest.py"/>
        <source>Margin between the two likeliest classes</source>
        <translation>Abstand der beiden wahrscheinlichsten Klassen</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/suggest.py"/>
        <source>Least confidence</source>
        <translation>Geringste Sicherheit</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/suggest.py"/>
        <source>Entropy</source>
        <translation>Entropie</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/suggest.py"/>
        <source>Doubt about each class on its own (after OREAL 2025)</source>
        <translation>Zweifel an jeder Klasse für sich (nach OREAL 2025)</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/suggest.py"/>
        <source>Region impurity and uncertainty, 17 px (after Xie et al. 2022)</source>
        <translation>Unreinheit und Unsicherheit der Umgebung, 17 px (nach Xie et al. 2022)</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/suggest.py"/>
        <source>Region impurity and uncertainty, 3 px (Xie et al. 2022)</source>
        <translation>Unreinheit und Unsicherheit der Umgebung, 3 px (Xie et al. 2022)</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/suggest.py"/>
        <source>Disagreement of views or models, BALD (Houlsby et al. 2011)</source>
        <translation>Widerspruch zwischen Ansichten oder Modellen, BALD (Houlsby et al. 2011)</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/suggest.py"/>
        <source>None: chance decides</source>
        <translation>Keines: der Zufall entscheidet</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/suggest.py"/>
        <source>Score of a region</source>
        <translation>Maß einer Einheit</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/suggest.py"/>
        <source>Whether all its pixels count or the most doubtful one.</source>
        <translation>Ob alle ihre Pixel zählen oder das zweifelhafteste.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/suggest.py"/>
        <source>Mean of its pixels</source>
        <translation>Mittel ihrer Pixel</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/suggest.py"/>
        <source>Its most doubtful pixel</source>
        <translation>Ihr zweifelhaftestes Pixel</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/suggest.py"/>
        <source>Class weights</source>
        <translation>Klassengewichte</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/suggest.py"/>
        <source>Which classes count more.</source>
        <translation>Welche Klassen mehr zählen.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/suggest.py"/>
        <source>All classes alike</source>
        <translation>Alle Klassen gleich</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/suggest.py"/>
        <source>Rare classes a little more, ClassBal (Cai et al. 2021)</source>
        <translation>Seltene Klassen etwas mehr, ClassBal (Cai et al. 2021)</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/suggest.py"/>
        <source>Rare classes more, PixBal (Hwang et al. 2023)</source>
        <translation>Seltene Klassen mehr, PixBal (Hwang et al. 2023)</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/suggest.py"/>
        <source>Rare classes and those that the last answers found wrong</source>
        <translation>Seltene Klassen und solche, die laut den letzten Antworten falsch waren</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/suggest.py"/>
        <source>Those that the last answers found wrong (after DCAU-AL 2026)</source>
        <translation>Solche, die laut den letzten Antworten falsch waren (nach DCAU-AL 2026)</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/suggest.py"/>
        <source>Selection</source>
        <translation>Auswahl</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/suggest.py"/>
        <source>How a batch is chosen by the scores.</source>
        <translation>Wie ein Schub nach den Maßen gewählt wird.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/suggest.py"/>
        <source>Class quotas, chance that fades, spread (after ClaSP-PE 2026)</source>
        <translation>Klassenquoten, abnehmender Zufall, Streuung (nach ClaSP-PE 2026)</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/suggest.py"/>
        <source>Highest scores</source>
        <translation>Höchste Maße</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/suggest.py"/>
        <source>Cover all kinds of ground, core-set (Sener and Savarese 2018)</source>
        <translation>Alle Arten von Boden abdecken, Core-Set (Sener und Savarese 2018)</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/suggest.py"/>
        <source>Doubtful in many ways, BADGE (after Ash et al. 2020)</source>
        <translation>Auf viele Arten zweifelhaft, BADGE (nach Ash et al. 2020)</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/suggest.py"/>
        <source>Doubtful and of all kinds (after Citovsky et al. 2021)</source>
        <translation>Zweifelhaft und von allen Arten (nach Citovsky et al. 2021)</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/suggest.py"/>
        <source>Share explored</source>
        <translation>Erkundeter Anteil</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/suggest.py"/>
        <source>Share of the regions of round 1 that is ground of every kind, whatever the model sees; halved with each round.</source>
        <translation>Anteil der Regionen in Runde 1, der Boden jeder Art ist, was auch immer das Modell sieht; mit jeder Runde halbiert.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/suggest.py"/>
        <source>Edge evidence</source>
        <translation>Kantenbeleg</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/suggest.py"/>
        <source>What a border gains under which the image shows no edge, as a share of its score.</source>
        <translation>Was eine Grenze gewinnt, unter der das Bild keine Kante zeigt, als Anteil ihres Maßes.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/suggest.py"/>
        <source>Views of the model that are asked; what they disagree about is the score bald.</source>
        <translation>Ansichten, nach denen das Modell gefragt wird; worin sie sich widersprechen, ist das Maß bald.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/suggest.py"/>
        <source>More models</source>
        <translation>Weitere Modelle</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/suggest.py"/>
        <source>Other models with the same classes that are asked as well.</source>
        <translation>Andere Modelle mit denselben Klassen, die ebenfalls gefragt werden.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/suggest.py"/>
        <source>Held-out labels</source>
        <translation>Zurückgehaltene Labels</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/suggest.py"/>
        <source>Label raster that ingest kept apart; the model is measured there, which class weights may follow.</source>
        <translation>Labelraster, das beim Einlesen beiseite blieb; daran wird das Modell gemessen, wonach Klassengewichte sich richten können.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/suggest.py"/>
        <source>Campaign</source>
        <translation>Kampagne</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/suggest.py"/>
        <source>GeoPackage of the labelling campaign that is written.</source>
        <translation>GeoPackage der Labelkampagne, das geschrieben wird.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/suggest.py"/>
        <source>Units offered</source>
        <translation>Vorgeschlagene Einheiten</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/suggest.py"/>
        <source>Edge units</source>
        <translation>Kanteneinheiten</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/suggest.py"/>
        <source>Region units</source>
        <translation>Flächeneinheiten</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/suggest.py"/>
        <source>Clicks that answering takes</source>
        <translation>Klicks, die das Antworten braucht</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/suggest.py"/>
        <source>Round of the campaign</source>
        <translation>Runde der Kampagne</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/ingest.py"/>
        <source>Ingest labels</source>
        <translation>Labels einlesen</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/ingest.py"/>
        <source>Turn the answers of a labelling campaign into labels.</source>
        <translation>Aus den Antworten einer Labelkampagne Labels machen.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/ingest.py"/>
        <source>Answers to units, redrawn borders and free corrections become a label raster on the grid of the orthophoto. What cannot be used is named, feature by feature, and stays in the campaign.</source>
        <translation>Antworten zu Einheiten, neu gezeichnete Grenzen und freie Korrekturen werden ein Labelraster auf dem Gitter des Orthofotos. Was nicht zu gebrauchen ist, wird Objekt für Objekt genannt und bleibt in der Kampagne.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/ingest.py"/>
        <source>GeoPackage of the labelling campaign, or its copies that several people answered; they are only read.</source>
        <translation>GeoPackage der Kampagne, oder ihre Kopien, die mehrere Personen beantwortet haben; sie werden nur gelesen.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/ingest.py"/>
        <source>Orthophoto of the campaign; the labels get its grid.</source>
        <translation>Orthofoto der Kampagne; die Labels bekommen sein Gitter.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/ingest.py"/>
        <source>Earlier labels</source>
        <translation>Frühere Labels</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/ingest.py"/>
        <source>Label raster on the same grid that the answers are added to; answers count more.</source>
        <translation>Labelraster auf demselben Gitter, zu dem die Antworten hinzukommen; Antworten zählen mehr.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/ingest.py"/>
        <source>Share held out</source>
        <translation>Zurückgehaltener Anteil</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/ingest.py"/>
        <source>Share of the answered units that is kept out of the labels, for measuring the model.</source>
        <translation>Anteil der beantworteten Einheiten, der nicht in die Labels kommt, um das Modell zu messen.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/ingest.py"/>
        <source>Label raster of the units held out; without it all answers are used.</source>
        <translation>Labelraster der zurückgehaltenen Einheiten; ohne es werden alle Antworten benutzt.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/ingest.py"/>
        <source>Label raster that is written; 255 where nothing is known.</source>
        <translation>Labelraster, das geschrieben wird; 255, wo nichts bekannt ist.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/ingest.py"/>
        <source>Pixels with a label</source>
        <translation>Pixel mit Label</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/ingest.py"/>
        <source>Pixels labelled by answers and corrections</source>
        <translation>Durch Antworten und Korrekturen gelabelte Pixel</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/ingest.py"/>
        <source>Share of pixels with a label</source>
        <translation>Anteil der Pixel mit Label</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/ingest.py"/>
        <source>Units without an answer</source>
        <translation>Einheiten ohne Antwort</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/ingest.py"/>
        <source>Features that could not be used</source>
        <translation>Objekte, die nicht zu gebrauchen waren</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/pseudolabel.py"/>
        <source>Make pseudo-labels</source>
        <translation>Pseudo-Labels erzeugen</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/pseudolabel.py"/>
        <source>Make labels where a model is right.</source>
        <translation>Erzeugt Labels, wo ein Modell recht hat.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/pseudolabel.py"/>
        <source>Of each class the surest pixels are taken, away from every border, down to the confidence at which the model was right on answers that it did not learn from. Common classes are thinned. They are made anew for each round, and never replace an answer.</source>
        <translation>Von jeder Klasse werden die sichersten Pixel genommen, fern von jeder Grenze, bis zu der Konfidenz, bei der das Modell auf Antworten recht hatte, aus denen es nicht gelernt hat. Häufige Klassen werden ausgedünnt. Sie entstehen für jede Runde neu und ersetzen nie eine Antwort.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/pseudolabel.py"/>
        <source>Model of the current round.</source>
        <translation>Modell der laufenden Runde.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/pseudolabel.py"/>
        <source>Label raster that ingest kept apart; the model is measured on it.</source>
        <translation>Labelraster, das ingest zurückgehalten hat; daran wird das Modell gemessen.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/pseudolabel.py"/>
        <source>Label raster of the answers; no pseudo-label lies on them.</source>
        <translation>Labelraster der Antworten; auf ihnen liegt kein Pseudo-Label.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/pseudolabel.py"/>
        <source>Share of each class's pixels that is taken at most, the surest first.</source>
        <translation>Anteil der Pixel jeder Klasse, der höchstens genommen wird, die sichersten zuerst.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/pseudolabel.py"/>
        <source>Share of the held-out pixels of a class that must be right; classes below it get no pseudo-label.</source>
        <translation>Anteil der zurückgehaltenen Pixel einer Klasse, der richtig sein muss; Klassen darunter bekommen kein Pseudo-Label.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/pseudolabel.py"/>
        <source>Label raster that is written; 255 where the model is not sure.</source>
        <translation>Labelraster, das geschrieben wird; 255, wo das Modell nicht sicher ist.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/pseudolabel.py"/>
        <source>Raster of the confidence of each pseudo-label in percent, 255 elsewhere.</source>
        <translation>Raster der Konfidenz jedes Pseudo-Labels in Prozent, sonst 255.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/round.py"/>
        <source>Next labelling round</source>
        <translation>Nächste Runde</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/round.py"/>
        <source>Turn the answers of a campaign into a better model and its next questions.</source>
        <translation>Macht aus den Antworten einer Kampagne ein besseres Modell und dessen nächste Fragen.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/round.py"/>
        <source>Answers become labels, pseudo-labels are added where the model was right on answers held out, the model is trained further on both, by teachers too where they are given, and the next units are appended to the campaign. Each round has a folder of its own; a round that was stopped goes on where it stood.</source>
        <translation>Antworten werden zu Labels, Pseudo-Labels kommen hinzu, wo das Modell auf zurückgehaltenen Antworten recht hatte, das Modell wird mit beiden weiter trainiert, auch von Lehrern, wo sie angegeben sind, und die nächsten Einheiten werden an die Kampagne angefügt. Jede Runde hat ihren eigenen Ordner; eine abgebrochene Runde geht dort weiter, wo sie stand.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/round.py"/>
        <source>GeoPackage of the campaign; answers are read, the next units are appended.</source>
        <translation>GeoPackage der Kampagne; Antworten werden gelesen, die nächsten Einheiten angefügt.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/round.py"/>
        <source>Copies of the campaign</source>
        <translation>Kopien der Kampagne</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/round.py"/>
        <source>The same campaign as other people answered it; they are only read.</source>
        <translation>Dieselbe Kampagne, wie andere sie beantwortet haben; sie werden nur gelesen.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/round.py"/>
        <source>Orthophoto of the campaign.</source>
        <translation>Orthofoto der Kampagne.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/round.py"/>
        <source>Label raster on the grid of the orthophoto; answers count more.</source>
        <translation>Labelraster auf dem Gitter des Orthofotos; Antworten zählen mehr.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/round.py"/>
        <source>Model to train further; none takes the one that chose the newest units.</source>
        <translation>Modell, das weiter trainiert wird; ohne Angabe das, welches die neuesten Einheiten gewählt hat.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/round.py"/>
        <source>Trained models with the same bands and classes to learn from.</source>
        <translation>Trainierte Modelle mit denselben Bändern und Klassen, von denen gelernt wird.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/round.py"/>
        <source>Terms and weights where teachers are given, as in distill.</source>
        <translation>Terme und Gewichte, wo Lehrer angegeben sind, wie in distill.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/round.py"/>
        <source>Highest learning rate of AdamW; lower than from scratch, for the model knows much already.</source>
        <translation>Höchste Lernrate von AdamW; niedriger als von Grund auf, denn das Modell weiß schon viel.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/round.py"/>
        <source>Learn also from what the model has right far from any answer.</source>
        <translation>Auch von dem lernen, was das Modell fern von jeder Antwort richtig hat.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/round.py"/>
        <source>Share of held-out pixels that a class needs to be right for pseudo-labels.</source>
        <translation>Anteil zurückgehaltener Pixel, der bei einer Klasse für Pseudo-Labels richtig sein muss.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/round.py"/>
        <source>Share of the answered units that is kept for measuring.</source>
        <translation>Anteil der beantworteten Einheiten, der zum Messen zurückgehalten wird.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/round.py"/>
        <source>What the next batch may cost.</source>
        <translation>Was die nächste Auswahl kosten darf.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/round.py"/>
        <source>Folder</source>
        <translation>Ordner</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/round.py"/>
        <source>Folder of the campaign's rounds, each with its own inside; none takes one beside the campaign.</source>
        <translation>Ordner der Runden der Kampagne, darin jede mit ihrem eigenen; ohne Angabe einer neben der Kampagne.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/round.py"/>
        <source>Report</source>
        <translation>Bericht</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/round.py"/>
        <source>HTML page of the campaign so far; none writes report.html into the folder.</source>
        <translation>HTML-Seite der bisherigen Kampagne; ohne Angabe wird report.html in den Ordner geschrieben.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/assess.py"/>
        <source>Assess accuracy</source>
        <translation>Genauigkeit prüfen</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/assess.py"/>
        <source>Assess</source>
        <translation>Prüfen</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/assess.py"/>
        <source>Compare a class raster, or a model run on the fly, with reference labels or with a reference sample.</source>
        <translation>Ein Klassenraster oder ein gleich ausgeführtes Modell mit Referenzlabels oder einer Referenzstichprobe vergleichen.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/assess.py"/>
        <source>Gives the confusion matrix, IoU, F1, precision and recall of each class, overall accuracy, boundary measures, pieces and calibration as a report that opens in any browser. Pixels without a reference do not count, and are counted as such. From the points of Design a reference sample it gives area-adjusted accuracy and areas with 95 % intervals.</source>
        <translation>Gibt Konfusionsmatrix, IoU, F1, Precision und Recall jeder Klasse, Gesamtgenauigkeit, Grenzmaße, Stücke und Kalibrierung als Bericht, der in jedem Browser aufgeht. Pixel ohne Referenz zählen nicht und werden als solche gezählt. Aus den Punkten von „Eine Referenzstichprobe entwerfen“ gibt es flächenbereinigte Genauigkeiten und Flächen mit 95-%-Intervallen.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/assess.py"/>
        <source>Class raster to assess; leave it empty to run a model.</source>
        <translation>Klassenraster, das geprüft wird; leer lassen, um ein Modell auszuführen.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/assess.py"/>
        <source>Reference</source>
        <translation>Referenz</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/assess.py"/>
        <source>Reference raster on the grid of the map, polygons with a class field, or the answered points of a reference sample.</source>
        <translation>Referenzraster auf dem Gitter der Karte, Polygone mit einem Klassenfeld oder die beantworteten Punkte einer Referenzstichprobe.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/assess.py"/>
        <source>Attribute with the class of each polygon or point; points: 'reference' when left empty.</source>
        <translation>Attribut mit der Klasse jedes Polygons oder Punktes; Punkte: 'reference', wenn leer gelassen.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/assess.py"/>
        <source>Polygons; pixels outside do not count.</source>
        <translation>Polygone; Pixel außerhalb zählen nicht.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/assess.py"/>
        <source>Confidence raster of the map in percent, to judge its calibration.</source>
        <translation>Sicherheitsraster der Karte in Prozent, um seine Kalibrierung zu beurteilen.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/assess.py"/>
        <source>Second map</source>
        <translation>Zweite Karte</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/assess.py"/>
        <source>Another class raster on the same grid, to test whether it is better than the map.</source>
        <translation>Ein weiteres Klassenraster auf demselben Gitter, um zu prüfen, ob es besser ist als die Karte.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/assess.py"/>
        <source>Model to run on the orthophoto when no map is given.</source>
        <translation>Modell, das auf das Orthofoto angewandt wird, wenn keine Karte gegeben ist.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/assess.py"/>
        <source>Orthophoto for the model; several files or a folder of them are one.</source>
        <translation>Orthofoto für das Modell; mehrere Dateien oder ein Ordner davon sind eines.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/assess.py"/>
        <source>Block</source>
        <translation>Block</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/assess.py"/>
        <source>Side in pixels of the blocks of ground that are resampled for intervals and tests; larger than the reach of one mistake.</source>
        <translation>Seite in Pixeln der Bodenblöcke, aus denen für Intervalle und Tests neu gezogen wird; größer als die Reichweite eines Fehlers.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/assess.py"/>
        <source>HTML report that is written.</source>
        <translation>HTML-Bericht, der geschrieben wird.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/assess.py"/>
        <source>Metrics</source>
        <translation>Kennzahlen</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/assess.py"/>
        <source>The same figures as JSON.</source>
        <translation>Dieselben Zahlen als JSON.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/assess.py"/>
        <source>Table</source>
        <translation>Tabelle</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/assess.py"/>
        <source>The same figures as CSV for a spreadsheet.</source>
        <translation>Dieselben Zahlen als CSV für eine Tabellenkalkulation.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/assess.py"/>
        <source>Errors</source>
        <translation>Fehler</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/assess.py"/>
        <source>Raster that shows where the map is wrong, and what for what.</source>
        <translation>Raster, das zeigt, wo die Karte falsch ist und was sie womit verwechselt.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/assess.py"/>
        <source>Mean IoU</source>
        <translation>Mittlere IoU</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/assess.py"/>
        <source>Overall accuracy</source>
        <translation>Gesamtgenauigkeit</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/assess.py"/>
        <source>Mean F1</source>
        <translation>Mittleres F1</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/assess.py"/>
        <source>Overall accuracy, area-adjusted from a sample</source>
        <translation>Gesamtgenauigkeit, flächenbereinigt aus einer Stichprobe</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/sample.py"/>
        <source>Design a reference sample</source>
        <translation>Eine Referenzstichprobe entwerfen</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/sample.py"/>
        <source>Draw points at random from each class of a map, to be answered in QGIS and read by Assess accuracy.</source>
        <translation>In jeder Klasse einer Karte zufällig Punkte ziehen, die in QGIS beantwortet und von „Genauigkeit prüfen“ gelesen werden.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/sample.py"/>
        <source>The classes of the map are the strata. The points come in random order with a form that asks for the class on the ground and does not show what the map says; how many pixels each stratum has is kept beside them.</source>
        <translation>Die Klassen der Karte sind die Schichten. Die Punkte kommen in zufälliger Reihenfolge mit einem Formular, das nach der Klasse am Boden fragt und nicht zeigt, was die Karte sagt; wie viele Pixel jede Schicht hat, wird mit ihnen aufbewahrt.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/sample.py"/>
        <source>Class raster whose classes are the strata.</source>
        <translation>Klassenraster, dessen Klassen die Schichten sind.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/sample.py"/>
        <source>Polygons; no point falls outside.</source>
        <translation>Polygone; außerhalb fällt kein Punkt.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/sample.py"/>
        <source>Allocation</source>
        <translation>Aufteilung</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/sample.py"/>
        <source>How points are shared over the classes.</source>
        <translation>Wie die Punkte auf die Klassen verteilt werden.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/sample.py"/>
        <source>By area</source>
        <translation>Nach Fläche</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/sample.py"/>
        <source>The same number for each class</source>
        <translation>Für jede Klasse gleich viele</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/sample.py"/>
        <source>By area and expected errors (Neyman)</source>
        <translation>Nach Fläche und erwarteten Fehlern (Neyman)</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/sample.py"/>
        <source>Points</source>
        <translation>Punkte</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/sample.py"/>
        <source>Number of points; 0 takes as many as the standard error asks for.</source>
        <translation>Anzahl der Punkte; bei 0 so viele, wie der Standardfehler verlangt.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/sample.py"/>
        <source>Standard error</source>
        <translation>Standardfehler</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/sample.py"/>
        <source>Wanted standard error of overall accuracy, as a share; used when Points is 0.</source>
        <translation>Gewünschter Standardfehler der Gesamtgenauigkeit als Anteil; gilt, wenn Punkte 0 ist.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/sample.py"/>
        <source>Points at least</source>
        <translation>Mindestens Punkte</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/sample.py"/>
        <source>Points that each class gets at least, so that rare classes can be judged.</source>
        <translation>Punkte, die jede Klasse mindestens bekommt, damit seltene Klassen beurteilt werden können.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/sample.py"/>
        <source>Expected accuracy</source>
        <translation>Erwartete Genauigkeit</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/sample.py"/>
        <source>Share of each mapped class that is expected to be right.</source>
        <translation>Anteil jeder kartierten Klasse, der voraussichtlich stimmt.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/sample.py"/>
        <source>Expected accuracies</source>
        <translation>Erwartete Genauigkeiten</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/sample.py"/>
        <source>The same for some classes, as road=0.6, water=0.95.</source>
        <translation>Dasselbe für einzelne Klassen, etwa road=0.6, water=0.95.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/sample.py"/>
        <source>Sample</source>
        <translation>Stichprobe</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/sample.py"/>
        <source>GeoPackage of points that is written.</source>
        <translation>GeoPackage der Punkte, das geschrieben wird.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/sample.py"/>
        <source>Points drawn</source>
        <translation>Gezogene Punkte</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/sample.py"/>
        <source>Expected standard error of overall accuracy</source>
        <translation>Erwarteter Standardfehler der Gesamtgenauigkeit</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/export.py"/>
        <source>Export a model</source>
        <translation>Ein Modell exportieren</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/export.py"/>
        <source>Set up</source>
        <translation>Einrichten</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/export.py"/>
        <source>Write a model for other programs.</source>
        <translation>Ein Modell für andere Programme schreiben.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/export.py"/>
        <source>ONNX files carry the metadata that the Deepness plugin reads: classes, pixel size, tiles, overlap and standardization. Beside the model lie an example image with the labels of the engine, and a STAC item (MLM extension) that describes all of it. Each file is tried on the example, and it is said where its labels differ.</source>
        <translation>ONNX-Dateien tragen die Metadaten, die das Plugin Deepness liest: Klassen, Pixelgröße, Kacheln, Überlappung und Standardisierung. Neben dem Modell liegen ein Beispielbild mit den Klassen der Engine und ein STAC-Item (Erweiterung MLM), das alles beschreibt. Jede Datei wird am Beispiel erprobt, und es wird gesagt, wo ihre Klassen abweichen.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/export.py"/>
        <source>Model file, trained or distilled by Edgewise; the student that ships with it when not given.</source>
        <translation>Modelldatei, von Edgewise trainiert oder destilliert; ohne Angabe der mitgelieferte Schüler.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/export.py"/>
        <source>Format</source>
        <translation>Format</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/export.py"/>
        <source>What the other program reads.</source>
        <translation>Was das andere Programm liest.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/export.py"/>
        <source>ONNX, for Deepness and others</source>
        <translation>ONNX, für Deepness und andere</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/export.py"/>
        <source>ONNX and OpenVINO</source>
        <translation>ONNX und OpenVINO</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/export.py"/>
        <source>Side of the tiles that the other program will cut, in pixels, margin included; 0 takes what suits the model.</source>
        <translation>Seite der Kacheln, die das andere Programm schneidet, in Pixeln, mit Rand; 0 nimmt, was zum Modell passt.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/export.py"/>
        <source>Folder that is written; files of the same name are replaced.</source>
        <translation>Ordner, der geschrieben wird; gleichnamige Dateien werden ersetzt.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/export.py"/>
        <source>ONNX file</source>
        <translation>ONNX-Datei</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/export.py"/>
        <source>OpenVINO graph</source>
        <translation>OpenVINO-Graph</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/export.py"/>
        <source>Side of a tile in pixels</source>
        <translation>Seite einer Kachel in Pixeln</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/export.py"/>
        <source>Overlap of tiles in percent</source>
        <translation>Überlappung der Kacheln in Prozent</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/export.py"/>
        <source>Pixels of the example with another class in ONNX</source>
        <translation>Pixel des Beispiels mit anderer Klasse in ONNX</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/export.py"/>
        <source>Pixels of the example with another class in OpenVINO</source>
        <translation>Pixel des Beispiels mit anderer Klasse in OpenVINO</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/info.py"/>
        <source>Model card</source>
        <translation>Karteikarte des Modells</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/info.py"/>
        <source>Show what a model says of itself: bands, scaling, pixel size, classes, training, licence.</source>
        <translation>Zeigen, was ein Modell über sich selbst sagt: Kanäle, Skalierung, Pixelgröße, Klassen, Training, Lizenz.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/info.py"/>
        <source>Model file to describe; the student that ships with Edgewise when none is given.</source>
        <translation>Modelldatei, die beschrieben wird; ohne Angabe der mitgelieferte Schüler.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/info.py"/>
        <source>Architecture</source>
        <translation>Architektur</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/info.py"/>
        <source>Grade of its seams</source>
        <translation>Güte seiner Nähte</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/info.py"/>
        <source>Number of classes</source>
        <translation>Anzahl der Klassen</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/info.py"/>
        <source>Number of bands</source>
        <translation>Anzahl der Kanäle</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/doctor.py"/>
        <source>Check the engine</source>
        <translation>Die Engine prüfen</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/doctor.py"/>
        <source>Check the engine: interpreter, versions, device, memory, disk, and how fast the student that ships is here.</source>
        <translation>Die Engine prüfen: Interpreter, Versionen, Gerät, Speicher, Platte, und wie schnell der mitgelieferte Schüler hier ist.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/doctor.py"/>
        <source>Number of problems</source>
        <translation>Anzahl der Probleme</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/doctor.py"/>
        <source>Speed of the shipped student in megapixels a second</source>
        <translation>Geschwindigkeit des mitgelieferten Schülers in Megapixeln je Sekunde</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/bench.py"/>
        <source>Measure the speed</source>
        <translation>Die Geschwindigkeit messen</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/bench.py"/>
        <source>Measure how close to its limit this machine segments.</source>
        <translation>Messen, wie nahe dieser Rechner beim Segmentieren an seine Grenze kommt.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/bench.py"/>
        <source>Decoding, the model and encoding run alone, then the whole; three efficiencies say where time goes: pipeline (the time the parts need, over the time the whole takes), overlap (pixels of the raster, over pixels computed) and model (arithmetic of the network at the measured peak of the machine, over the time it takes).</source>
        <translation>Dekodieren, Modell und Kodieren laufen einzeln, dann das Ganze; drei Wirkungsgrade sagen, wohin die Zeit geht: Fließband (die Zeit, die die Teile brauchen, durch die Zeit des Ganzen), Überlappung (Pixel des Rasters durch berechnete Pixel) und Modell (Rechenschritte des Netzes bei der gemessenen Spitze des Rechners, durch die Zeit, die es braucht).</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/bench.py"/>
        <source>Raster to segment; several files or a folder of them are one.</source>
        <translation>Raster, das segmentiert wird; mehrere Dateien oder ein Ordner davon sind eines.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/bench.py"/>
        <source>Model file; the student that ships with Edgewise when none is given.</source>
        <translation>Modelldatei; ohne Angabe der mitgelieferte Schüler.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/bench.py"/>
        <source>Part of the orthophoto to segment: xmin,ymin,xmax,ymax in its CRS, or with another one behind it such as EPSG:4326.</source>
        <translation>Teil des Orthofotos, der segmentiert wird: xmin,ymin,xmax,ymax in seinem KBS oder mit einem anderen dahinter wie EPSG:4326.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/bench.py"/>
        <source>Repeats</source>
        <translation>Wiederholungen</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/bench.py"/>
        <source>How often each part is run; medians are given.</source>
        <translation>Wie oft jeder Teil läuft; angegeben werden Mediane.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/bench.py"/>
        <source>What runs the model.</source>
        <translation>Womit das Modell rechnet.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/bench.py"/>
        <source>As in segment.</source>
        <translation>Wie beim Segmentieren.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/bench.py"/>
        <source>Figures</source>
        <translation>Zahlen</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/bench.py"/>
        <source>JSON file that is written.</source>
        <translation>JSON-Datei, die geschrieben wird.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/bench.py"/>
        <source>Speed of the whole in megapixels a second</source>
        <translation>Geschwindigkeit des Ganzen in Megapixeln je Sekunde</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/bench.py"/>
        <source>Efficiency of the pipeline</source>
        <translation>Wirkungsgrad des Fließbands</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/bench.py"/>
        <source>Efficiency of the model</source>
        <translation>Wirkungsgrad des Modells</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/demo.py"/>
        <source>Demonstration</source>
        <translation>Vorführung</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/demo.py"/>
        <source>Make an orthophoto with true labels and run the whole story on it.</source>
        <translation>Ein Orthofoto mit wahren Labels erzeugen und die ganze Geschichte daran durchspielen.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/demo.py"/>
        <source>Trains a teacher, distills a student, segments, suggests regions and assesses; takes about four minutes on two cores.</source>
        <translation>Trainiert einen Lehrer, destilliert einen Schüler, segmentiert, schlägt Gebiete vor und prüft; dauert auf zwei Kernen etwa vier Minuten.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/demo.py"/>
        <source>Size</source>
        <translation>Größe</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/demo.py"/>
        <source>Side of the made orthophoto in pixels.</source>
        <translation>Seite des erzeugten Orthofotos in Pixeln.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/demo.py"/>
        <source>Training steps of each network.</source>
        <translation>Trainingsschritte jedes Netzes.</translation>
    </message>
    <message>
        <location filename="../../engine/contract/specs/demo.py"/>
        <source>Folder that is written.</source>
        <translation>Ordner, der geschrieben wird.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/algorithm.py"/>
        <source>Summary as JSON</source>
        <translation>Zusammenfassung als JSON</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/algorithm.py"/>
        <source>Cancelled.</source>
        <translation>Abgebrochen.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/algorithm.py"/>
        <source>The same without QGIS:</source>
        <translation>Dasselbe ohne QGIS:</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/chain.py"/>
        <source>Map and suggest</source>
        <translation>Kartieren und vorschlagen</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/chain.py"/>
        <source>Chains</source>
        <translation>Ketten</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/chain.py"/>
        <source>Segment an orthophoto, draw its classes as polygons, and suggest the regions whose labels teach most.</source>
        <translation>Ein Orthofoto segmentieren, seine Klassen als Polygone zeichnen und die Gebiete vorschlagen, deren Labels am meisten lehren.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/chain.py"/>
        <source>It is a chain of three algorithms. To change it, choose Models &gt; Open Existing Model in the toolbox, and {path}.</source>
        <translation>Es ist eine Kette von drei Algorithmen. Um sie zu ändern, wählen Sie in der Werkzeugkiste Modelle &gt; Vorhandenes Modell öffnen und {path}.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/chain.py"/>
        <source>Number of regions to suggest.</source>
        <translation>Zahl der Gebiete, die vorgeschlagen werden.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/dock/bars.py"/>
        <source>Key of {name}. Click, then press another key.</source>
        <translation>Taste für {name}. Klicken, dann eine andere Taste drücken.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/dock/bars.py"/>
        <source>Answers that name this class, of the units that the batch offers for it.</source>
        <translation>Antworten, die diese Klasse nennen, von den Einheiten, die die Auswahl für sie enthält.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/dock/campaign.py"/>
        <source>{path} does not exist.</source>
        <translation>{path} gibt es nicht.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/dock/campaign.py"/>
        <source>Choose the GeoPackage that suggest wrote.</source>
        <translation>Wählen Sie das GeoPackage, das „Gebiete zum Labeln vorschlagen“ geschrieben hat.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/dock/campaign.py"/>
        <source>{path} is no labelling campaign: it has no layer {name}.</source>
        <translation>{path} ist keine Labelkampagne: Der Layer {name} fehlt.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/dock/card.py"/>
        <source>{answered} of {total} answered</source>
        <translation>{answered} von {total} beantwortet</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/dock/card.py"/>
        <source>Unit {position} of {total}</source>
        <translation>Einheit {position} von {total}</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/dock/card.py"/>
        <source>under 1 min left</source>
        <translation>noch unter 1 min</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/dock/card.py"/>
        <source>{minutes} min left</source>
        <translation>noch {minutes} min</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/dock/desk.py"/>
        <source>{key} also means '{action}' in QGIS; while labels are set it is the dock's.</source>
        <translation>{key} heißt in QGIS auch „{action}“; solange gelabelt wird, gehört die Taste diesem Fenster.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/dock/desk.py"/>
        <source>Click the key in the dock to choose another.</source>
        <translation>Klicken Sie auf die Taste im Fenster, um eine andere zu wählen.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/dock/desk.py"/>
        <source>The next round is being prepared.</source>
        <translation>Die nächste Runde wird vorbereitet.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/dock/desk.py"/>
        <source>The round was cancelled; the answers stay.</source>
        <translation>Die Runde wurde abgebrochen; die Antworten bleiben.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/dock/desk.py"/>
        <source>The next batch is here.</source>
        <translation>Die nächste Auswahl ist da.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/dock/desk.py"/>
        <source>The next batch of {name} is here; open it.</source>
        <translation>Die nächste Auswahl von {name} ist da; öffnen Sie sie.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/dock/edits.py"/>
        <source>{layer}: feature {number} is gone.</source>
        <translation>{layer}: Das Objekt {number} ist verschwunden.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/dock/edits.py"/>
        <source>Open the campaign again.</source>
        <translation>Öffnen Sie die Kampagne noch einmal.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/dock/edits.py"/>
        <source>it cannot be edited</source>
        <translation>er kann nicht bearbeitet werden</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/dock/edits.py"/>
        <source>{layer}: the answer was not saved: {why}.</source>
        <translation>{layer}: Die Antwort wurde nicht gespeichert: {why}.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/dock/edits.py"/>
        <source>Make the file writable, close other programs that write it, and answer again.</source>
        <translation>Machen Sie die Datei beschreibbar, schließen Sie andere Programme, die sie schreiben, und antworten Sie noch einmal.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/dock/foot.py"/>
        <source>Next round</source>
        <translation>Nächste Runde</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/dock/foot.py"/>
        <source>Learn from the answers in the background, and load the next batch.</source>
        <translation>Im Hintergrund aus den Antworten lernen und die nächste Auswahl laden.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/dock/foot.py"/>
        <source>Cancel</source>
        <translation>Abbrechen</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/dock/foot.py"/>
        <source>Stop the round; the answers stay.</source>
        <translation>Die Runde anhalten; die Antworten bleiben.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/dock/keys.py"/>
        <source>{key} is a command of this dock.</source>
        <translation>{key} ist ein Befehl dieses Fensters.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/dock/keys.py"/>
        <source>Press another key.</source>
        <translation>Drücken Sie eine andere Taste.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/dock/keys.py"/>
        <source>{key} already means '{action}' in QGIS.</source>
        <translation>{key} heißt in QGIS schon „{action}“.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/dock/keys.py"/>
        <source>Press another key, or change it in Settings &gt; Keyboard Shortcuts.</source>
        <translation>Drücken Sie eine andere Taste, oder ändern Sie sie unter Einstellungen &gt; Tastenkürzel.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/dock/labelling.py"/>
        <source>This line does not cross the unit. Draw it from side to side, or close it to correct ground.</source>
        <translation>Diese Linie quert die Einheit nicht. Ziehen Sie sie von Seite zu Seite, oder schließen Sie sie, um Boden zu korrigieren.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/dock/labelling.py"/>
        <source>Corrected: {name}.</source>
        <translation>Korrigiert: {name}.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/dock/labelling.py"/>
        <source>Draw a closed line or click on the map first, then press the class.</source>
        <translation>Zeichnen Sie erst eine geschlossene Linie oder klicken Sie in die Karte, drücken Sie dann die Klasse.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/dock/labelling.py"/>
        <source>The model draws no border here. Draw it with one stroke, then name its sides.</source>
        <translation>Das Modell zieht hier keine Grenze. Ziehen Sie sie mit einem Strich, und nennen Sie dann ihre Seiten.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/dock/labelling.py"/>
        <source>Press the class left of the line, then the class right of it.</source>
        <translation>Drücken Sie die Klasse links der Linie, dann die rechts davon.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/dock/labelling.py"/>
        <source>This border has one side only. Draw it with one stroke across the unit.</source>
        <translation>Diese Grenze hat nur eine Seite. Ziehen Sie sie mit einem Strich quer durch die Einheit.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/dock/labelling.py"/>
        <source>Border redrawn. Enter goes on; draw again to replace it.</source>
        <translation>Grenze neu gezogen. Eingabe geht weiter; noch einmal ziehen ersetzt sie.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/dock/labelling.py"/>
        <source>Press the class of what you drew, or Esc to discard it.</source>
        <translation>Drücken Sie die Klasse des Gezeichneten, oder Esc, um es zu verwerfen.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/dock/labelling.py"/>
        <source>Name what you see: this answer shows how consistent the labels are.</source>
        <translation>Nennen Sie, was Sie sehen: Diese Antwort zeigt, wie beständig die Labels sind.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/dock/labelling.py"/>
        <source>This is the first unit.</source>
        <translation>Das ist die erste Einheit.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/dock/labelling.py"/>
        <source>The prediction stays hidden while a unit is asked once more.</source>
        <translation>Die Vorhersage bleibt verborgen, wenn eine Einheit noch einmal gefragt wird.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/dock/labelling.py"/>
        <source>The prediction is hidden; Space shows it.</source>
        <translation>Die Vorhersage ist verborgen; die Leertaste zeigt sie.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/dock/labelling.py"/>
        <source>There is nothing to undo.</source>
        <translation>Es gibt nichts rückgängig zu machen.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/dock/labelling.py"/>
        <source>The correction is taken back.</source>
        <translation>Die Korrektur ist zurückgenommen.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/dock/labelling.py"/>
        <source>The answer is taken back.</source>
        <translation>Die Antwort ist zurückgenommen.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/dock/labelling.py"/>
        <source>This line encloses no ground. Draw around what is wrong.</source>
        <translation>Diese Linie umschließt keinen Boden. Zeichnen Sie um das, was falsch ist.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/dock/merge.py"/>
        <source>{path} is the campaign that is open.</source>
        <translation>{path} ist die geöffnete Kampagne.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/dock/merge.py"/>
        <source>Choose the other analyst's copy.</source>
        <translation>Wählen Sie die Kopie der anderen Person.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/dock/merge.py"/>
        <source>{path} is no copy of this campaign: its classes or its units are others.</source>
        <translation>{path} ist keine Kopie dieser Kampagne: Ihre Klassen oder Einheiten sind andere.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/dock/merge.py"/>
        <source>Choose a copy of the same campaign, answered by another analyst.</source>
        <translation>Wählen Sie eine Kopie derselben Kampagne, die jemand anderes beantwortet hat.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/dock/panel.py"/>
        <source>Edgewise labels</source>
        <translation>Edgewise-Labels</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/dock/panel.py"/>
        <source>Open a campaign to begin.</source>
        <translation>Öffnen Sie zuerst eine Kampagne.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/dock/panel.py"/>
        <source>The job “Suggest regions to label” writes one.</source>
        <translation>„Gebiete zum Labeln vorschlagen“ schreibt eine.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/dock/panel.py"/>
        <source>round {turn}</source>
        <translation>Runde {turn}</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/dock/panel.py"/>
        <source>Asked twice: {same} of {asked} the same.</source>
        <translation>Zweimal gefragt: {same} von {asked} gleich.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/dock/panel.py"/>
        <source>All files</source>
        <translation>Alle Dateien</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/dock/panel.py"/>
        <source>Label</source>
        <translation>Labeln</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/dock/panel.py"/>
        <source>Give keys and mouse on the map to this dock.</source>
        <translation>Tasten und Maus auf der Karte diesem Fenster geben.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/dock/panel.py"/>
        <source>Merge…</source>
        <translation>Zusammenführen…</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/dock/panel.py"/>
        <source>Take over the answers of another analyst's copy of this campaign.</source>
        <translation>Die Antworten aus der Kopie einer anderen Person übernehmen.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/dock/panel.py"/>
        <source>Campaign of another analyst</source>
        <translation>Kampagne einer anderen Person</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/dock/panel.py"/>
        <source>Open…</source>
        <translation>Öffnen…</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/dock/panel.py"/>
        <source>Open a labelling campaign.</source>
        <translation>Eine Labelkampagne öffnen.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/dock/panel.py"/>
        <source>Labelling campaign</source>
        <translation>Labelkampagne</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/dock/panel.py"/>
        <source>Confirm</source>
        <translation>Bestätigen</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/dock/panel.py"/>
        <source>Unsure</source>
        <translation>Unsicher</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/dock/panel.py"/>
        <source>Skip</source>
        <translation>Überspringen</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/dock/panel.py"/>
        <source>Back</source>
        <translation>Zurück</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/dock/panel.py"/>
        <source>Undo</source>
        <translation>Rückgängig</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/dock/panel.py"/>
        <source>Ctrl+Z</source>
        <translation>Strg+Z</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/dock/panel.py"/>
        <source>Outline</source>
        <translation>Umriss</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/dock/panel.py"/>
        <source>Space</source>
        <translation>Leertaste</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/dock/rounds.py"/>
        <source>Processing has no algorithm {name}.</source>
        <translation>Processing hat keinen Algorithmus {name}.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/dock/rounds.py"/>
        <source>Switch on the Processing plugin in Plugins &gt; Manage and Install Plugins.</source>
        <translation>Schalten Sie das Plugin Processing ein: Erweiterungen &gt; Erweiterungen verwalten und installieren.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/dock/rounds.py"/>
        <source>The campaign does not know '{label}' of the next round.</source>
        <translation>Die Kampagne kennt „{label}“ der nächsten Runde nicht.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/dock/rounds.py"/>
        <source>Run '{title}' in the Processing Toolbox.</source>
        <translation>Starten Sie „{title}“ in der Werkzeugkiste.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/dock/words.py"/>
        <source>{name}, and the other class?</source>
        <translation>{name}, und die andere Klasse?</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/dock/words.py"/>
        <source>Asked once more, without the prediction.</source>
        <translation>Noch einmal gefragt, ohne die Vorhersage.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/dock/words.py"/>
        <source>This campaign has no batch yet.</source>
        <translation>Diese Kampagne hat noch keine Auswahl.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/dock/words.py"/>
        <source>The batch is finished. Start the next round, or go back with Backspace.</source>
        <translation>Die Auswahl ist fertig. Starten Sie die nächste Runde, oder gehen Sie mit der Rücktaste zurück.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/dock/words.py"/>
        <source>Which two classes meet here?</source>
        <translation>Welche zwei Klassen treffen hier aufeinander?</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/dock/words.py"/>
        <source>What is this?</source>
        <translation>Was ist das?</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/dock/words.py"/>
        <source>What is this? The model sees {name}.</source>
        <translation>Was ist das? Das Modell sieht {name}.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/dock/words.py"/>
        <source>Is all of this {name}, or does a border cross it?</source>
        <translation>Ist das alles {name}, oder geht eine Grenze hindurch?</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/dock/words.py"/>
        <source>Is this the border between {first} and {second}?</source>
        <translation>Ist das die Grenze zwischen {first} und {second}?</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/dock/words.py"/>
        <source>Answered: all {name}. Enter keeps it.</source>
        <translation>Beantwortet: alles {name}. Eingabe behält es.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/dock/words.py"/>
        <source>Answered: a border, {left} and {right}. Enter keeps it.</source>
        <translation>Beantwortet: eine Grenze, {left} und {right}. Eingabe behält es.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/dock/words.py"/>
        <source>Answered: confirmed. Enter keeps it.</source>
        <translation>Beantwortet: bestätigt. Eingabe behält es.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/dock/words.py"/>
        <source>Answered: unsure. Enter keeps it.</source>
        <translation>Beantwortet: unsicher. Eingabe behält es.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/dock/words.py"/>
        <source>Skipped before.</source>
        <translation>Vorher übersprungen.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/dock/words.py"/>
        <source>{taken} answers and {corrections} corrections taken over.</source>
        <translation>{taken} Antworten und {corrections} Korrekturen übernommen.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/dock/words.py"/>
        <source>{both} units were answered by both, {same} of them alike; where not, the later answer stands.</source>
        <translation>{both} Einheiten wurden von beiden beantwortet, {same} davon gleich; wo nicht, gilt die spätere Antwort.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/dock/words.py"/>
        <source>{unknown} answered units are not in this campaign and were left out.</source>
        <translation>{unknown} beantwortete Einheiten gehören nicht zu dieser Kampagne und wurden ausgelassen.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/environment.py"/>
        <source>Settings &gt; Options &gt; Processing &gt; Providers &gt; Edgewise</source>
        <translation>Einstellungen &gt; Optionen &gt; Verarbeitung &gt; Datenanbieter &gt; Edgewise</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/environment.py"/>
        <source>The engine's Python {path}, set in {place}, does not exist.</source>
        <translation>Das Python der Engine {path}, gesetzt in {place}, gibt es nicht.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/environment.py"/>
        <source>The engine's Python {path}, from the variable {variable}, does not exist.</source>
        <translation>Das Python der Engine {path}, aus der Variable {variable}, gibt es nicht.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/environment.py"/>
        <source>Correct it in {place}, or in the variable {variable}.</source>
        <translation>Berichtigen Sie es in {place} oder in der Variable {variable}.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/environment.py"/>
        <source>Edgewise was updated, and its engine was made for the version before.</source>
        <translation>Edgewise wurde aktualisiert, und seine Engine wurde für die Version davor angelegt.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/environment.py"/>
        <source>Edgewise needs a Python of its own for its engine, and none is set.</source>
        <translation>Edgewise braucht ein eigenes Python für seine Engine, und keines ist gesetzt.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/environment.py"/>
        <source>Run 'Install the engine' in the group 'Set up'. {by_hand} Then name it in {place}.</source>
        <translation>Führen Sie „Die Engine installieren“ in der Gruppe „Einrichten“ aus. {by_hand} Nennen Sie es dann in {place}.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/environment.py"/>
        <source>{python} does not answer as a Python does.</source>
        <translation>{python} antwortet nicht wie ein Python.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/environment.py"/>
        <source>{python} is Python {version}; the engine needs 3.10 to 3.13.</source>
        <translation>{python} ist Python {version}; die Engine braucht 3.10 bis 3.13.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/environment.py"/>
        <source>{python} lacks {packages}.</source>
        <translation>{python} fehlen {packages}.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/environment.py"/>
        <source>By hand, in a terminal: {make} (python3.13 where python3 is newer), then: {fill}.</source>
        <translation>Von Hand, in einem Terminal: {make} (python3.13, wo python3 neuer ist), dann: {fill}.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/feedback.py"/>
        <source>The engine has started on {device} ({versions}).</source>
        <translation>Die Engine läuft auf {device} ({versions}).</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/feedback.py"/>
        <source>The engine has started ({versions}).</source>
        <translation>Die Engine läuft ({versions}).</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/feedback.py"/>
        <source>{time} left</source>
        <translation>noch {time}</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/feedback.py"/>
        <source>Step {step}: {values}</source>
        <translation>Schritt {step}: {values}</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/feedback.py"/>
        <source>Written: {path}</source>
        <translation>Geschrieben: {path}</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/heard.py"/>
        <source>It said nothing.</source>
        <translation>Es hat nichts gesagt.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/heard.py"/>
        <source>The job was cancelled.</source>
        <translation>Die Aufgabe wurde abgebrochen.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/heard.py"/>
        <source>The engine was killed, probably because the machine ran out of memory.</source>
        <translation>Die Engine wurde beendet, vermutlich weil der Speicher des Rechners nicht reichte.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/heard.py"/>
        <source>Use a smaller tile, batch or chip, or close other programs.</source>
        <translation>Nehmen Sie kleinere Kacheln, Stapel oder Ausschnitte, oder schließen Sie andere Programme.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/heard.py"/>
        <source>The engine crashed ({signal}). Its last words:</source>
        <translation>Die Engine ist abgestürzt ({signal}). Ihre letzten Worte:</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/heard.py"/>
        <source>The engine left with code {code} and without a result. Its last words:</source>
        <translation>Die Engine endete mit Code {code} und ohne Ergebnis. Ihre letzten Worte:</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/install.py"/>
        <source>Check the network, the proxy (Settings &gt; Options &gt; Network) and the free disk, then run this again: it goes on where it was. Without a network, name a folder of wheels.</source>
        <translation>Prüfen Sie das Netz, den Proxy (Einstellungen &gt; Optionen &gt; Netzwerk) und den freien Platz, und starten Sie dies erneut: Es geht dort weiter, wo es war. Ohne Netz nennen Sie einen Ordner mit Wheels.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/install.py"/>
        <source>{folder}: {free} GiB are free, and the engine needs {needed} GiB while it is installed.</source>
        <translation>{folder}: {free} GiB sind frei, und die Engine braucht {needed} GiB, während sie installiert wird.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/install.py"/>
        <source>Free some, choose the CPU build, or set the variable EDGEWISE_HOME to a folder on another disk.</source>
        <translation>Schaffen Sie Platz, wählen Sie die CPU-Fassung, oder setzen Sie die Variable EDGEWISE_HOME auf einen Ordner auf einem anderen Datenträger.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/install.py"/>
        <source>{folder} cannot be removed: {why}.</source>
        <translation>{folder} lässt sich nicht entfernen: {why}.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/install.py"/>
        <source>Close other windows of QGIS and programs that use it, then try again.</source>
        <translation>Schließen Sie andere QGIS-Fenster und Programme, die ihn benutzen, und versuchen Sie es noch einmal.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/layers.py"/>
        <source>{label}: {layer} is neither a raster nor a vector layer.</source>
        <translation>{label}: {layer} ist weder ein Raster- noch ein Vektorlayer.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/layers.py"/>
        <source>Choose another layer.</source>
        <translation>Wählen Sie einen anderen Layer.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/layers.py"/>
        <source>{label}: {layer} is no layer of a file.</source>
        <translation>{label}: {layer} ist kein Layer einer Datei.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/layers.py"/>
        <source>Choose the GeoPackage itself.</source>
        <translation>Wählen Sie das GeoPackage selbst.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/layers.py"/>
        <source>{label}: {layer} cannot be copied to a file: {why}.</source>
        <translation>{label}: {layer} lässt sich nicht in eine Datei kopieren: {why}.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/layers.py"/>
        <source>{label}: {layer} is in memory, and the engine reads files.</source>
        <translation>{label}: {layer} liegt im Speicher, und die Engine liest Dateien.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/layers.py"/>
        <source>{label}: {layer} is a {kind} layer, and the engine reads files.</source>
        <translation>{label}: {layer} ist ein Layer der Art {kind}, und die Engine liest Dateien.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/layers.py"/>
        <source>{label}: {layer} has edits that are not saved, and its file is read as a whole.</source>
        <translation>{label}: {layer} hat Änderungen, die nicht gespeichert sind, und die Datei wird als Ganzes gelesen.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/layers.py"/>
        <source>Save them (Layer, Save Layer Edits), then run this again.</source>
        <translation>Speichern Sie sie (Layer, Layeränderungen speichern), und starten Sie dies erneut.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/layers.py"/>
        <source>Save it as a file first (right-click the layer, Export, Save As), then choose that file.</source>
        <translation>Speichern Sie ihn zuerst als Datei (Rechtsklick auf den Layer, Export, Speichern als), und wählen Sie dann diese Datei.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/lock.py"/>
        <source>{folder} cannot be written: {why}.</source>
        <translation>In {folder} lässt sich nicht schreiben: {why}.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/lock.py"/>
        <source>Set the variable EDGEWISE_HOME to a folder of yours.</source>
        <translation>Setzen Sie die Variable EDGEWISE_HOME auf einen Ihrer Ordner.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/lock.py"/>
        <source>Another window is changing the engine in {folder}.</source>
        <translation>Ein anderes Fenster ändert gerade die Engine in {folder}.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/lock.py"/>
        <source>Wait until it is done, or cancel it there.</source>
        <translation>Warten Sie, bis es fertig ist, oder brechen Sie es dort ab.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/order.py"/>
        <source>The folder {folder} holds no wheel.</source>
        <translation>Der Ordner {folder} enthält kein Wheel.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/order.py"/>
        <source>Fill it on a machine with a network, of the same system and Python: {command}.</source>
        <translation>Füllen Sie ihn auf einem Rechner mit Netz, gleichem System und gleichem Python: {command}.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/order.py"/>
        <source>{python} is no Python from 3.10 to 3.13 with venv.</source>
        <translation>{python} ist kein Python von 3.10 bis 3.13 mit venv.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/order.py"/>
        <source>Choose another under Python, or leave it empty.</source>
        <translation>Wählen Sie unter Python ein anderes, oder lassen Sie es leer.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/order.py"/>
        <source>No Python from 3.10 to 3.13 with venv was found.</source>
        <translation>Kein Python von 3.10 bis 3.13 mit venv wurde gefunden.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/order.py"/>
        <source>Install one from python.org or your distribution (python3-venv or python3.13-venv), or name one under Python.</source>
        <translation>Installieren Sie eines von python.org oder aus Ihrer Distribution (python3-venv oder python3.13-venv), oder nennen Sie eines unter Python.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/plugin.py"/>
        <source>Label the regions that Edgewise suggests.</source>
        <translation>Die Gebiete labeln, die Edgewise vorschlägt.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/process.py"/>
        <source>Still at work.</source>
        <translation>Noch bei der Arbeit.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/process.py"/>
        <source>The program was cancelled.</source>
        <translation>Das Programm wurde abgebrochen.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/process.py"/>
        <source>{program} left with code {code}. Its last words:</source>
        <translation>{program} endete mit Code {code}. Seine letzten Worte:</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/process.py"/>
        <source>The engine has said nothing for {seconds} s. Wait, or cancel.</source>
        <translation>Die Engine hat seit {seconds} s nichts gesagt. Warten Sie, oder brechen Sie ab.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/process.py"/>
        <source>{program} cannot be started: {why}.</source>
        <translation>{program} lässt sich nicht starten: {why}.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/process.py"/>
        <source>Choose another Python for the engine.</source>
        <translation>Wählen Sie ein anderes Python für die Engine.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/provider.py"/>
        <source>Python of the engine</source>
        <translation>Python der Engine</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/provider.py"/>
        <source>a python that has the engine's packages</source>
        <translation>ein Python, das die Pakete der Engine hat</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/request.py"/>
        <source>{label}: no feature of {layer} is selected.</source>
        <translation>{label}: Kein Objekt von {layer} ist gewählt.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/request.py"/>
        <source>Select some, or take the whole layer.</source>
        <translation>Wählen Sie einige, oder nehmen Sie den ganzen Layer.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/request.py"/>
        <source>{label}: the number of features cannot be limited.</source>
        <translation>{label}: Die Zahl der Objekte lässt sich nicht begrenzen.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/request.py"/>
        <source>Select the features, or filter the layer.</source>
        <translation>Wählen Sie die Objekte, oder filtern Sie den Layer.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/request.py"/>
        <source>{label}: {path} is no file of the kind that is asked for.</source>
        <translation>{label}: {path} ist keine Datei der Art, die hier gefragt ist.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/request.py"/>
        <source>Choose one that ends in {endings}.</source>
        <translation>Wählen Sie eine, die auf {endings} endet.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/request.py"/>
        <source>{label}: {path} does not exist.</source>
        <translation>{label}: {path} gibt es nicht.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/request.py"/>
        <source>Check the path.</source>
        <translation>Prüfen Sie den Pfad.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/request.py"/>
        <source>{label}: QGIS finds no such layer in {path}.</source>
        <translation>{label}: QGIS findet in {path} keinen solchen Layer.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/request.py"/>
        <source>Drag the file into QGIS to see what it holds, or choose another.</source>
        <translation>Ziehen Sie die Datei in QGIS, um zu sehen, was sie enthält, oder wählen Sie eine andere.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/request.py"/>
        <source>'{label}' off</source>
        <translation>„{label}“ aus</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/setup_algorithms.py"/>
        <source>Install the engine</source>
        <translation>Die Engine installieren</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/setup_algorithms.py"/>
        <source>Make a Python environment of its own for the engine of Edgewise.</source>
        <translation>Der Engine von Edgewise eine eigene Python-Umgebung anlegen.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/setup_algorithms.py"/>
        <source>QGIS and its own Python stay as they are: the environment lies in your user folder and is removed by 'Remove the engine'. Versions are pinned. The download has 1 to 4 GB; it can be cancelled, and goes on where it was when it is run again. QGIS's proxy and the system's certificates are used.</source>
        <translation>QGIS und sein eigenes Python bleiben, wie sie sind: Die Umgebung liegt in Ihrem Benutzerordner und wird mit „Die Engine entfernen“ gelöscht. Die Versionen sind festgelegt. Heruntergeladen werden 1 bis 4 GB; das kann abgebrochen werden und geht beim nächsten Mal dort weiter. Der Proxy von QGIS und die Zertifikate des Systems werden benutzt.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/setup_algorithms.py"/>
        <source>On a machine without a network, name a folder with the wheels. Administrators can have the commands shown and type them.</source>
        <translation>Nennen Sie auf einem Rechner ohne Netz einen Ordner mit den Wheels. Administratoren können sich die Befehle zeigen lassen und sie selbst eingeben.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/setup_algorithms.py"/>
        <source>Build of PyTorch</source>
        <translation>Ausführung von PyTorch</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/setup_algorithms.py"/>
        <source>auto: with CUDA where an NVIDIA driver answers, else without. cpu is a far smaller download.</source>
        <translation>auto: mit CUDA, wo ein NVIDIA-Treiber antwortet, sonst ohne. cpu lädt viel weniger herunter.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/setup_algorithms.py"/>
        <source>Folder of wheels</source>
        <translation>Ordner mit Wheels</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/setup_algorithms.py"/>
        <source>Install from this folder alone and without a network.</source>
        <translation>Nur aus diesem Ordner und ohne Netz installieren.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/setup_algorithms.py"/>
        <source>Only show the commands</source>
        <translation>Nur die Befehle zeigen</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/setup_algorithms.py"/>
        <source>Write the commands to the log and change nothing.</source>
        <translation>Die Befehle ins Protokoll schreiben und nichts ändern.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/setup_algorithms.py"/>
        <source>Python</source>
        <translation>Python</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/setup_algorithms.py"/>
        <source>Programs</source>
        <translation>Programme</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/setup_algorithms.py"/>
        <source>A Python from 3.10 to 3.13 to make the environment of; left empty, one is looked for.</source>
        <translation>Ein Python von 3.10 bis 3.13, aus dem die Umgebung gemacht wird; bleibt es leer, wird eines gesucht.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/setup_algorithms.py"/>
        <source>making an environment</source>
        <translation>eine Umgebung anlegen</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/setup_algorithms.py"/>
        <source>fetching uv</source>
        <translation>uv holen</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/setup_algorithms.py"/>
        <source>fetching and installing the packages</source>
        <translation>die Pakete holen und installieren</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/setup_algorithms.py"/>
        <source>loading each package once</source>
        <translation>jedes Paket einmal laden</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/setup_algorithms.py"/>
        <source>Step {number} of {count}: {name}</source>
        <translation>Schritt {number} von {count}: {name}</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/setup_algorithms.py"/>
        <source>Cancelled. Run it again to go on.</source>
        <translation>Abgebrochen. Starten Sie es noch einmal, um fortzufahren.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/setup_algorithms.py"/>
        <source>The engine is ready: {python}</source>
        <translation>Die Engine ist bereit: {python}</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/setup_algorithms.py"/>
        <source>Remove the engine</source>
        <translation>Die Engine entfernen</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/setup_algorithms.py"/>
        <source>Remove the Python environments that 'Install the engine' made.</source>
        <translation>Die Python-Umgebungen entfernen, die „Die Engine installieren“ angelegt hat.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/setup_algorithms.py"/>
        <source>Do this before the plugin itself is uninstalled; maps and models stay.</source>
        <translation>Tun Sie das, bevor Sie das Plugin selbst deinstallieren; Karten und Modelle bleiben.</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/setup_algorithms.py"/>
        <source>Folder that was emptied</source>
        <translation>Ordner, der geleert wurde</translation>
    </message>
    <message>
        <location filename="../../qgis_plugin/setup_algorithms.py"/>
        <source>{home}: {size} MB are free again.</source>
        <translation>{home}: {size} MB sind wieder frei.</translation>
    </message>
</context>
</TS>
