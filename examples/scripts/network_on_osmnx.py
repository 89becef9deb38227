"""Only the network part, on a graph as osmnx makes it (here a small one by hand: osmnx asks the internet)."""

import networkx as nx

from riskmap.network.roads import RoadNetwork

graph = nx.MultiDiGraph(crs="EPSG:4548")
for n, (x, y) in enumerate([(0, 0), (1000, 0), (2000, 0), (2000, 1000)]):
    graph.add_node(n, x=500_000 + x, y=4_000_000 + y)
for u, v, both in [(0, 1, True), (1, 2, True), (2, 3, False)]:
    graph.add_edge(u, v, length=1000.0, travel_time=90.0, highway="residential", oneway=not both)
    if both:
        graph.add_edge(v, u, length=1000.0, travel_time=90.0, highway="residential", oneway=False)

network = RoadNetwork.from_networkx(graph, seconds="travel_time")
print("from node 0 in 200 s:", network.reach([0], limit_s=200).to_dict())
print("route to 3:", network.route(0, 3).seconds, "s over", list(network.route(0, 3).nodes))
