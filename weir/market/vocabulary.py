"""Words of which sample products are made, Russian and English. Firms and brands are invented."""

from __future__ import annotations

from typing import Final, NamedTuple


class Kind(NamedTuple):
    """One kind of thing that shops sell. Prices in roubles."""

    category: str
    prefix: str
    russian: str
    english: str
    tags: tuple[str, ...]
    lowest: int
    highest: int
    attribute: str
    sizes: tuple[int, ...]


def _kind(line: str) -> Kind:
    category, prefix, russian, english, tags, lowest, highest, attribute, sizes = line.split("|")
    numbers = tuple(int(size) for size in sizes.split(","))
    words = tuple(tags.split(","))
    return Kind(
        category, prefix, russian, english, words, int(lowest), int(highest), attribute, numbers
    )


KINDS: Final = tuple(
    map(
        _kind,
        """
Электроника|PHN|Смартфон|Smartphone|смартфон,телефон|7000|120000|memory_gb|64,128,256,512
Электроника|WCH|Умные часы|Smart watch|умные часы,гаджет|2500|45000|screen_mm|36,40,44,46
Электроника|AUD|Наушники|Headphones|наушники,звук|500|35000|hours|8,20,30,40
Электроника|SPK|Колонка|Speaker|колонка,звук|1500|40000|watts|5,10,20,60
Электроника|LAP|Ноутбук|Laptop|ноутбук,компьютер|25000|220000|memory_gb|8,16,32,64
Электроника|TAB|Планшет|Tablet|планшет|8000|90000|memory_gb|32,64,128,256
Электроника|TVS|Телевизор|Television|телевизор,кино|15000|190000|screen_inch|32,43,55,65
Электроника|PWR|Зарядное устройство|Charger|зарядка,usb-c|400|6000|watts|20,30,65,100
Дом и кухня|KET|Чайник|Kettle|чайник,кухня|900|9000|watts|1500,1800,2200
Дом и кухня|COF|Кофемашина|Coffee machine|кофе,кухня|4000|90000|pressure_bar|9,15,19
Дом и кухня|PAN|Сковорода|Frying pan|сковорода,посуда|600|9000|diameter_cm|20,24,26,28
Дом и кухня|VAC|Пылесос|Vacuum cleaner|пылесос,дом|4000|60000|watts|300,450,1600
Дом и кухня|LMP|Лампа|Lamp|лампа,свет|300|15000|watts|5,8,12
Дом и кухня|BED|Постельное бельё|Bed linen|постельное бельё,текстиль|1200|15000|width_cm|140,160,200
Одежда|JKT|Куртка|Jacket|куртка,одежда|2500|35000|size|44,46,48,50,52
Одежда|SHO|Кроссовки|Trainers|кроссовки,обувь|1500|25000|size|36,38,40,42,44
Одежда|DRS|Платье|Dress|платье,одежда|1200|22000|size|40,42,44,46,48
Одежда|JNS|Джинсы|Jeans|джинсы,одежда|1500|12000|size|28,30,32,34
Спорт|BIK|Велосипед|Bicycle|велосипед,спорт|9000|150000|wheel_inch|20,24,26,29
Спорт|TNT|Палатка|Tent|палатка,поход|2500|45000|persons|1,2,3,4
Спорт|DMB|Гантели|Dumbbells|гантели,тренировка|500|18000|weight_kg|2,5,10,20
Спорт|SKI|Лыжи|Skis|лыжи,зима|3000|60000|length_cm|170,180,190,200
Книги|BOK|Роман|Novel|книга,проза|200|1500|pages|192,256,320,416
Книги|TXT|Учебник|Textbook|книга,учёба|300|3500|pages|160,240,368,512
Красота|CRM|Крем|Cream|крем,уход|150|6000|volume_ml|30,50,75,100
Красота|PRF|Духи|Perfume|духи,парфюм|900|25000|volume_ml|30,50,100
Детям|TOY|Конструктор|Building set|конструктор,игрушка|300|15000|pieces|50,120,500,1000
Детям|GAM|Настольная игра|Board game|настольная игра,детям|400|6000|players|2,4,6
Автотовары|TYR|Шины|Tyres|шины,автомобиль|2500|25000|diameter_inch|14,15,16,17
Автотовары|CAM|Видеорегистратор|Dash camera|видеорегистратор,камера|1500|25000|channels|1,2,3
Продукты|TEA|Чай|Tea|чай,еда|90|2500|weight_g|100,200,500
Продукты|CHO|Шоколад|Chocolate|шоколад,еда|60|1500|weight_g|50,90,200
""".strip().splitlines(),
    )
)

COLOURS: Final = (
    *(("чёрный", "black"), ("белый", "white"), ("серый", "grey"), ("синий", "blue")),
    *(("красный", "red"), ("зелёный", "green"), ("бежевый", "beige"), ("оранжевый", "orange")),
)
RUSSIAN_STARTS: Final = (
    "Вол Сев Лум Тро Бер Гри Дон Зар Кед Лад Мор Нор Оре Пол Ряб Сол Тай Фьо Хва Шту"
)
RUSSIAN_ENDS: Final = (
    "ина ада ект ика онт ара ень иста овик ант ола ерия унда ита ель анка оген ия ур ома"
)
ENGLISH_STARTS: Final = (
    "Nor Hal Ste Fen Bram Cal Dra Els Gren Hol Ivo Kel Lor Mar Oak Pel Quin Ros Tor Wen"
)
ENGLISH_ENDS: Final = (
    "dale wick ford ling mere stone field by holm gate ridge well brook haven crest low"
)
RUSSIAN_SERIES: Final = ("Лайт", "Про", "Макс", "Мини", "Плюс", "Нео")
ENGLISH_SERIES: Final = ("Air", "Pro", "One", "Go", "Max", "Neo")

RUSSIAN_SENTENCES: Final = (
    "Надёжная вещь на каждый день, без лишних деталей.",
    "Гарантия два года, обмен в любом магазине города.",
    "Удобно хранить и легко чистить.",
    "Хороший подарок тому, кто ценит простоту.",
    "Проверено в мороз, в дождь и в метро.",
    "Сделано небольшой мастерской из прочных материалов.",
    "В комплекте всё, что нужно, чтобы начать сразу.",
    "Работает тихо и не занимает много места.",
    "Новая версия стала легче и служит дольше.",
    "Подходит и новичку, и тому, кто давно в деле.",
)
ENGLISH_SENTENCES: Final = (
    "Built for every day, with nothing that breaks first.",
    "Two years of guarantee and spare parts for ten.",
    "Easy to clean, easy to store, hard to lose.",
    "A good present for people who have everything else.",
    "Tested in frost, in rain and on the night train.",
    "Made by a small workshop from honest materials.",
    "Everything needed to begin is in the box.",
    "Quiet, compact and lighter than the last one.",
    "The new version lasts longer and weighs less.",
    "Right for beginners, and for those who know better.",
)
SHOPS: Final = (
    *("Северный свет", "Дом и очаг", "Гардеробная 12", "Перевал Спорт", "Книжный причал"),
    *("Роса и полынь", "Топтыгин и друзья", "Трасса Сервис", "Зелёная лавка", "Меридиан Маркет"),
    *("Harbour Electronics", "Hearthside Store", "Fell & Fjord", "Wharf Books", "Roadhelm Motors"),
)
