"""What can be fetched or added: addresses, checksums, licences and the files that are needed."""

import difflib

from ..errors import DataError
from .entry import Entry, Remote

GROUPLENS = (
    "GroupLens terms of use (see the README in the archive): 'The user may not redistribute the "
    "data without separate permission' and 'may not use this information for any commercial or "
    "revenue-bearing purposes without first obtaining permission'. Cite Harper and Konstan 2015."
)


def _github(repository: str, commit: str, path: str, sha256: str, size: int) -> Remote:
    url = f"https://raw.githubusercontent.com/{repository}/{commit}/{path}"
    return Remote(url, f"sha256:{sha256}", size)


CITEULIKE = "91b603922d7f2d3db18071d4798bf78c9c5d1680"
CITEULIKE_KNOWN = {
    "users.dat": "53211d82c14ff261e595634d285ed9fbf8049cf81dcb751d924d695b9612a02c",
    "item-tag.dat": "0f7b432796a5038ed2631c02b99d70e636123673afc11bf9e051de5b49467890",
    "tags.dat": "c02b3e5ee1a57f88f3a598b2040018bb198f54cd0c11116fa7a0db905b6f60e3",
    "citations.dat": "78458ba6b6f013552c43f47dbec1c2d19073820155c40567744cd8a038044364",
}
CITEULIKE_SIZES = {
    "users.dat": 1_094_785,
    "item-tag.dat": 1_423_307,
    "tags.dat": 628_894,
    "citations.dat": 511_127,
}
MKR = "d6bb77c426960bc04f5d88c39f09d87a844776b4"
MKR_KNOWN = {
    "kg.txt": "60d0a28e8646423654b47a36b4438dcd70a87ac90a7d1512ef0cf59f19c869a9",
    "item_index2entity_id.txt": "ba88da11d2fffdcea4fc0d73f1fd16f5478d8fcfb362e16331dc30cceea81f60",
}
ATTRIBUTES = "d2b1f49b7825c17ee7676da5fa9fdb349eb803d0ae965af0382e218df652e7b4"
LATEST_KNOWN = {
    "ratings.csv": "aa289ca83157595d0df6aea1be6a4ded676ddc4385472e8313a8ed9805352646",
    "movies.csv": "5a5f32dd9bb3797b8e728a1b98958789d2b13f294a69fdfbc5727f8a9611aa07",
    "tags.csv": "92a9f8bb7916dceef6151209845788c3643f794dfa79d1feaec7121b5960399d",
    "links.csv": "97ad18e4e56a09363c65676b6cb3482ce3e2cea2372a24620c1599c843325f31",
}
RETAIL = "e92bcbbce1b7a1041ad79462879d4774bf050c7b8fee9f4eef89f09fb6330664"
DESCRIPTIONS = "b47eb5d8b2ca1754e994daa93736dcc027dc8cc03da0ea28115a552eb6158724"

ENTRIES = {
    entry.name: entry
    for entry in (
        Entry(
            "movietweetings",
            "https://github.com/sidooms/MovieTweetings",
            "MIT, (c) 2013 Simon Dooms; DBpedia mappings MIT, (c) 2015 Jaroslav Kuchař.",
            (),
            (("ratings.dat",), ("movies.dat",), ("dbpedia.tsv",)),
            ("LICENSE.MovieTweetings", "LICENSE.MovieTweetingsMappings"),
            {
                "ratings.dat": "c0dd868c2632d10002ebc928ddc5345f33adeaa59eca52c2941c26a2c5e36fd6",
                "movies.dat": "e63fb84bc734e3c574f135634a40d3cbafab22b8f94f5fc0b80f80d1d2076efc",
                "dbpedia.tsv": "0370cfa0c3ea2e5ab09dcb06b7e7262bc0ad8c15389036f15c94efc072e9d219",
                "LICENSE.MovieTweetings": (
                    "ae985d01e5fe4f32d14937099a4e871dbdc2d93d8ccc2f7a141ec4ecddcab41c"
                ),
                "LICENSE.MovieTweetingsMappings": (
                    "168f44ace2cbb10e0f3d1eaba446e18b460951dda026855b4110bc0a5070a806"
                ),
            },
            embedded=True,
        ),
        Entry(
            "ml-1m",
            "https://grouplens.org/datasets/movielens/1m/",
            GROUPLENS,
            (
                Remote(
                    "https://files.grouplens.org/datasets/movielens/ml-1m.zip",
                    "md5:c4d9eecfca2ab87c1945afe126590906",
                    5_917_549,
                ),
            ),
            (("ratings.dat", "ratings_rebuilt.dat"), ("movies.dat",), ("users.dat",)),
            ("README",),
            {
                "users.dat": "1dc3a95300cb19f7c10e027daf29b8cdf1d908dab65b5edfb45950aa389a10a3",
                "movies.dat": "0140fc2356357c1a851d0f52e893a1e4d3696df632c4141cea8d5bc3d621f0b9",
                "ratings_rebuilt.dat": (
                    "9d71633d436c552b3c13f24de0900b2bd5c47cf3eab6693064027b4d42300f8e"
                ),
            },
        ),
        Entry(
            "ml-100k",
            "https://grouplens.org/datasets/movielens/100k/",
            GROUPLENS,
            (
                Remote(
                    "https://files.grouplens.org/datasets/movielens/ml-100k.zip",
                    "sha256:50d2a982c66986937beb9ffb3aa76efe955bf3d5c6b761f4e3a7cd717c6a3229",
                    4_924_029,
                ),
            ),
            (("u.data",), ("u.item",), ("u.user",)),
            ("README",),
            {
                "u.data": "06416e597f82b7342361e41163890c81036900f418ad91315590814211dca490",
                "u.item": "553841ebc7de3a0fd0d6b62a204ea30c1e651aacfb2814c7a6584ac52f2c5701",
                "u.user": "f120e114da2e8cf314fd28f99417c94ae9ddf1cb6db8ce0e4b5995d40e90e62c",
            },
        ),
        Entry(
            "citeulike-a",
            "https://github.com/js05212/citeulike-a",
            "The publishers state no licence; cite Wang, Chen and Li, IJCAI 2013. Fetched from "
            "their own repository for your use, not to be redistributed.",
            (
                *(
                    _github("js05212/citeulike-a", CITEULIKE, name, sha, CITEULIKE_SIZES[name])
                    for name, sha in CITEULIKE_KNOWN.items()
                ),
                Remote(
                    f"https://raw.githubusercontent.com/js05212/citeulike-a/{CITEULIKE}/raw-data.csv",
                    "git:2d366a8142639249324d800c17bce39d59032744",
                    optional=True,
                ),
            ),
            (("users.dat",), ("item-tag.dat",), ("tags.dat",)),
            ("citations.dat", "raw-data.csv"),
            CITEULIKE_KNOWN,
        ),
        Entry(
            "ml-latest-small",
            "https://grouplens.org/datasets/movielens/latest/",
            "GroupLens terms of use (see README.txt in the archive): research purposes with "
            "acknowledgement; 'may redistribute the data set ... so long as it is distributed "
            "under these same license conditions'; 'may not use this information for any "
            "commercial or revenue-bearing purposes without first obtaining permission'.",
            (
                Remote(
                    "https://files.grouplens.org/datasets/movielens/ml-latest-small.zip",
                    "sha256:696d65a3dfceac7c45750ad32df2c259311949efec81f0f144fdfb91ebc9e436",
                    978_202,
                ),
            ),
            (("ratings.csv",), ("movies.csv",), ("tags.csv",)),
            ("links.csv", "README.txt"),
            LATEST_KNOWN,
        ),
        Entry(
            "hetrec-lastfm",
            "https://grouplens.org/datasets/hetrec-2011/",
            "'The data contained in hetrec2011-lastfm-2k.zip is made available for non-commercial "
            "use.' Cite Last.fm and HetRec 2011 (Cantador, Brusilovsky and Kuflik).",
            (
                Remote(
                    "https://files.grouplens.org/datasets/hetrec2011/hetrec2011-lastfm-2k.zip",
                    "sha256:6738f48195667ff03caaab4d32ca9a3133d8cc026b7c3cdaf6ce1010e913c59c",
                ),
            ),
            (("user_artists.dat",), ("user_friends.dat",), ("artists.dat",)),
            ("user_taggedartists.dat", "tags.dat", "readme.txt"),
        ),
        Entry(
            "online-retail-ii",
            "https://archive.ics.uci.edu/dataset/502/online+retail+ii",
            "See the dataset's page at UCI, which is believed to say CC BY 4.0: cite Chen, Online "
            "Retail II, UCI, 2019. What is fetched is its first sheet as a Parquet file, from a "
            "repository that states no licence.",
            (
                _github(
                    "viniciusfrantz/cohort_project",
                    "1ab85b6ffbd0bfe457d31f2903a9b68d9a325c0f",
                    "data/online_retail.parquet",
                    RETAIL,
                    3_669_327,
                ),
            ),
            (("online_retail.parquet",),),
            (),
            {"online_retail.parquet": RETAIL},
        ),
        Entry(
            "kg-mkr",
            "https://github.com/hwwang55/MKR",
            "The repository is MIT-licensed, (c) Hongwei Wang; its triples come from Microsoft "
            "Satori. Cite Wang et al., WWW 2019. Only the graph of the MovieLens films is taken.",
            (
                _github("hwwang55/MKR", MKR, "data/movie/kg.txt", MKR_KNOWN["kg.txt"], 576_426),
                _github(
                    "hwwang55/MKR",
                    MKR,
                    "data/movie/item_index2entity_id.txt",
                    MKR_KNOWN["item_index2entity_id.txt"],
                    24_062,
                ),
            ),
            (("kg.txt",), ("item_index2entity_id.txt",)),
            (),
            MKR_KNOWN,
        ),
        Entry(
            "ml1m-dbpedia-attributes",
            "https://github.com/Keefekkx/Movie-Recommender",
            "The repository states no licence; DBpedia is CC BY-SA 3.0, titles are MovieLens'.",
            (
                _github(
                    "Keefekkx/Movie-Recommender",
                    "5d8ec50d203631ccef1bf3c70c7b00a7f9bf20d4",
                    "data/movies_metadata.csv",
                    ATTRIBUTES,
                    597_834,
                ),
            ),
            (("movies_metadata.csv",),),
            (),
            {"movies_metadata.csv": ATTRIBUTES},
        ),
        Entry(
            "colakg-ml1m",
            "https://github.com/ziqiangcui/CoLaKG",
            "The repository states no licence; the texts are written by a language model.",
            (
                _github(
                    "ziqiangcui/CoLaKG",
                    "7e1ce44945b2cfcb99ba36daf4b143e7a9704b84",
                    "data/ml-1m/llm_response_item.json",
                    DESCRIPTIONS,
                    4_172_678,
                ),
            ),
            (("llm_response_item.json",),),
            (),
            {"llm_response_item.json": DESCRIPTIONS},
        ),
    )
}


def entry(name: str) -> Entry:
    """Return the entry of a name, or raise ``DataError`` with the nearest names."""
    if name in ENTRIES:
        return ENTRIES[name]
    near = difflib.get_close_matches(name, ENTRIES, n=1)
    hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(sorted(ENTRIES))}"
    raise DataError(f"no dataset {name!r} to fetch or add", remedy=hint)
