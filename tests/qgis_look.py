"""Open a delivered project in real QGIS and say as JSON what it shows; run by the Python that QGIS belongs to.

``python3 qgis_look.py OUT PICTURE LAYER:X,Y ...``: every layer and group with its state, a picture of the project, and for each
``LAYER:X,Y`` (project system) the colour that the layer alone has there.
"""

import json
import os
import sys

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
from qgis.core import (
    Qgis,
    QgsApplication,
    QgsMapRendererParallelJob,
    QgsMapRendererSequentialJob,
    QgsMapSettings,
    QgsProject,
    QgsRectangle,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QSize
from qgis.PyQt.QtGui import QColor


def settings(layers, extent, side):
    made = QgsMapSettings()
    made.setLayers(layers)
    made.setExtent(extent)
    made.setOutputSize(QSize(side, side))
    made.setDestinationCrs(QgsProject.instance().crs())
    made.setBackgroundColor(QColor(255, 255, 255))
    return made


def colour_at(layer, x, y):
    """Give the colour of a layer alone in the middle of a 3 m square."""
    job = QgsMapRendererSequentialJob(settings([layer], QgsRectangle(x - 1.5, y - 1.5, x + 1.5, y + 1.5), 33))
    job.start()
    job.waitForFinished()
    return job.renderedImage().pixelColor(16, 16).name()


def told(layer):
    renderer = layer.renderer()
    found = {
        "valid": layer.isValid(),
        "crs": layer.crs().authid(),
        "renderer": renderer.type() if renderer else None,
        "group": QgsProject.instance().layerTreeRoot().findLayer(layer.id()).parent().name(),
        "checked": QgsProject.instance().layerTreeRoot().findLayer(layer.id()).itemVisibilityChecked(),
    }
    if isinstance(layer, QgsVectorLayer):
        found["aliases"] = {f.name(): f.alias() for f in layer.fields() if f.alias()}
        found["labels"] = layer.labelsEnabled()
        found["rows"] = layer.featureCount()
        if renderer and renderer.type() == "categorizedSymbol":
            found["classes"] = {str(c.value()): [c.label(), c.symbol().color().name()] for c in renderer.categories()}
    elif renderer and renderer.type() == "paletted":
        found["classes"] = {str(int(c.value)): [c.label, c.color.name()] for c in renderer.classes()}
    return found


def main():
    out, picture, places = sys.argv[1], sys.argv[2], sys.argv[3:]
    application = QgsApplication([], False)
    application.initQgis()
    project = QgsProject.instance()
    opened = project.read(f"{out}/project.qgz")
    layers = {layer.name(): layer for layer in project.mapLayers().values()}
    answer = {"qgis": Qgis.QGIS_VERSION, "opened": opened, "crs": project.crs().authid(), "title": project.title()}
    answer["layers"] = {name: told(layer) for name, layer in layers.items()}
    answer["groups"] = [child.name() for child in project.layerTreeRoot().children()]
    answer["at"] = {}
    for place in places:
        name, _, xy = place.rpartition(":")
        x, y = map(float, xy.split(","))
        answer["at"][place] = colour_at(layers[name], x, y)
    # the database alone, without the project: its own layer_styles colour it
    alone = QgsVectorLayer(f"{out}/riskmap.gpkg|layername=risk_zones", "alone", "ogr")
    answer["alone"] = {"valid": alone.isValid(), "renderer": alone.renderer().type() if alone.isValid() else None}
    if alone.isValid() and alone.renderer().type() == "categorizedSymbol":
        answer["alone"]["classes"] = {str(c.value()): c.symbol().color().name() for c in alone.renderer().categories()}
    shown = [node.layer() for node in project.layerTreeRoot().findLayers() if node.isVisible()]
    job = QgsMapRendererParallelJob(
        settings(
            shown,
            project.viewSettings().defaultViewExtent()
            if not project.viewSettings().defaultViewExtent().isEmpty()
            else layers_extent(layers),
            1200,
        )
    )
    job.start()
    job.waitForFinished()
    job.renderedImage().save(picture)
    print("JSON" + json.dumps(answer, ensure_ascii=False))
    application.exitQgis()


def layers_extent(layers):
    extent = QgsRectangle()
    for layer in layers.values():
        if layer.isSpatial() and layer.crs() == QgsProject.instance().crs():
            extent.combineExtentWith(layer.extent())
    return extent


if __name__ == "__main__":
    main()
