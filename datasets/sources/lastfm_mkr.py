"""The artists of HetRec's Last.fm whom MKR's knowledge graph knows, with that graph."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..acquire.file_set import FileSet, InstalledFiles
from ..card import Card, Fact
from ..dataset import Dataset
from ..errors import DataError
from ..parameters import parameter
from ..reading.raw_bytes import read_stored_bytes
from ..reading.text_rows import read_rows
from ..side_information import SideInformation
from .building.build import build_dataset
from .building.preprocessing import Rule, keep_pairs, to_text
from .building.satori_graph import (
    INDEX,
    NO_NAMES,
    TRIPLES,
    add_satori_triples,
    declare_files,
    find_domain,
)
from .building.triples import Triples
from .hetrec_lastfm import HetRecLastFM, read_artists, read_friends, read_listened

NAME = "lastfm-mkr"
EDITORIAL = frozenset(
    {
        "award.competitor.award_nominations",
        "award.competitor.awards_won",
        "award.nominee.award_nominations",
        "award.winner.awards_won",
        "film.film.genre",
        "film.film.rating",
        "music.album.genre",
        "music.artist.genre",
        "tv.program.genre",
    }
)
"""Relations that a curator or a jury chose."""

RELATIONS = (
    "award.competitor.award_nominations",
    "award.competitor.awards_won",
    "award.nominee.award_nominations",
    "award.winner.awards_won",
    "business.operation.industry",
    "cvg.computer_videogame.publisher",
    "cvg.publisher.games_published",
    "event.agent.performance",
    "fictional_universe.character.creator",
    "film.actor.film",
    "film.character.film",
    "film.cinematographer.film",
    "film.director.film",
    "film.distributor.film",
    "film.editor.film",
    "film.film.actor",
    "film.film.art_director",
    "film.film.cinematographer",
    "film.film.country",
    "film.film.director",
    "film.film.editor",
    "film.film.executive_producer",
    "film.film.genre",
    "film.film.language",
    "film.film.music",
    "film.film.producer",
    "film.film.production_company",
    "film.film.rating",
    "film.film.star",
    "film.film.writer",
    "film.person_or_entity_appearing_in_film.film",
    "film.producer.film",
    "film.production_company.film",
    "film.set_designer.film",
    "film.writer.film",
    "games.game.publisher",
    "games.publisher.games_published",
    "location.location.contained_by",
    "location.location.time_zone",
    "music.album.artist",
    "music.album.genre",
    "music.album.track",
    "music.artist.album",
    "music.artist.genre",
    "music.artist.origin",
    "music.artist.track",
    "music.musician.instruments_played",
    "music.producer.tracks_produced",
    "people.deceased_person.place_of_death",
    "people.person.nationality",
    "people.person.place_of_birth",
    "people.person.profession",
    "tv.actor.starring_roles",
    "tv.program.country_of_origin",
    "tv.program.genre",
    "tv.program.regular_cast",
    "tv.series_episode.director",
    "tv.series_episode.writer",
    "type.object.key",
    "type.object.subject_key",
)


@dataclass
class LastFMWithGraph:
    """What 1,872 people listened to among 3,846 artists of a knowledge graph: KGCN's Last.FM."""

    version: ClassVar[int] = 1

    minimum_rating: float | None = parameter(
        None, "a pair is a positive from this number of listenings on; by default every pair is"
    )
    k_core: int = parameter(
        0, "positives that every kept user and item has among the others; 0 keeps all", minimum=0
    )
    path: str | None = parameter(None, "folder of the graph; by default $COLDBENCH_DATA/lastfm-mkr")
    hetrec_path: str | None = parameter(
        None, "folder of the listenings; by default $COLDBENCH_DATA/hetrec-lastfm"
    )
    minimum_tag_count: int = parameter(
        5, "drop tags that fewer of the training artists carry; the text keeps every tag", minimum=1
    )

    card: ClassVar[Card] = Card(
        title="Last.fm of HetRec 2011 with the knowledge graph of MKR",
        publisher="the graph: Hongwei Wang and others, 2019, triples from Microsoft Satori; the "
        f"listenings: {HetRecLastFM.card.publisher}",
        page="https://github.com/hwwang55/MKR",
        licence="The graph's repository is MIT-licensed, (c) Hongwei Wang; its triples come from "
        "Microsoft Satori. Only the graph of the artists is taken. Not shipped. The listenings, "
        f"tags and friends are those of hetrec-lastfm: {HetRecLastFM.card.licence}",
        citation="Wang, Zhang, Zhao, Li, Xie, Guo: Multi-Task Feature Learning for Knowledge Graph "
        f"Enhanced Recommendation, WWW 2019; {HetRecLastFM.card.citation}",
        limitations=(
            "Only artists whom the graph knows are kept, 3,846 of 17,632, and the users who "
            "listened to one: 21,173 pairs, as in the papers on KGCN and MKR.",
            "Most triples are about films in which a namesake or the artist appears; entities have "
            "no names.",
            "Listenings have no times, and each user has only the 50 artists heard most.",
            "Friends and tags are user-generated, as in hetrec-lastfm.",
        ),
        facts=(
            *HetRecLastFM.card.facts,
            *(Fact(name, features=name, graph=name, remark=NO_NAMES) for name in RELATIONS),
        ),
    )
    files: ClassVar[FileSet] = declare_files(
        NAME,
        "music",
        {
            TRIPLES: "aa899f22a7a3b313e0baa22113fcd5fa040675fde44822152afed9900d33325f",
            INDEX: "496475ddc39b0e15956c58b86d0566bce96bf51c7daaa49d66bc1b9fefaeef1a",
        },
        {TRIPLES: 582_424, INDEX: 38_568},
    )

    def load(self) -> Dataset:
        """Read the files of both folders and return the dataset."""
        graph = find_domain(self.files.installed(self.path), "music")
        files = HetRecLastFM.files.installed(self.hetrec_path)
        entities = _read_index(graph)
        listened = files.path("user_artists.dat")
        rule = Rule(self.minimum_rating, self.k_core)
        rows = read_listened(listened, read_stored_bytes(listened))
        linked = np.isin(rows["item"], np.array(list(entities)))
        pairs = keep_pairs(rule, {name: values[linked] for name, values in rows.items()})
        triples = Triples(len(pairs.item_ids))
        position = {key: at for at, key in enumerate(pairs.item_ids.tolist())}
        places = {entity: position.get(artist) for artist, entity in entities.items()}
        told = add_satori_triples(triples, graph, places, EDITORIAL)
        artists = read_artists(files, pairs.item_ids, self.minimum_tag_count)
        return build_dataset(
            NAME,
            pairs,
            (to_text(pairs.user_ids), to_text(pairs.item_ids)),
            SideInformation((read_friends(files, pairs.user_ids),)),
            SideInformation(artists.columns + told.columns, artists.texts),
            triples.graph(),
            f"{rule.sentence()}; only artists of the graph",
        )


def _read_index(graph: InstalledFiles) -> dict[int, int]:
    """Return the entity of each artist."""
    path = graph.path(INDEX)
    found: dict[int, int] = {}
    for row in read_rows(path, ("artist", "entity"), "\t"):
        artist = row.whole("artist")
        if artist in found:
            raise DataError(f"artist {artist} has two entities", path=path, line=row.line)
        found[artist] = row.whole("entity")
    return found
