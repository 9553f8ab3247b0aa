//! What the people of the demo have said to each other: a harbour gets new signs, in three languages.
//!
//! In texts `@{alice}` calls somebody and `@{all}` everybody; addresses become links. All of it is invented.

use stonechat_types::id::ConversationKind;

/// A conversation, with what was said in it, oldest first.
pub struct Scene {
    /// How other parts of the script call it.
    pub name: &'static str,
    /// Where it is.
    pub place: Place,
    /// What was said.
    pub lines: &'static [Line],
    /// Who has not read the last so many lines; all others have read everything.
    pub unread: &'static [(&'static str, usize)],
}

/// Where people talk.
pub enum Place {
    /// Two of them.
    Direct(&'static str, &'static str),
    /// More.
    Group(Group),
}

/// A group or a channel.
pub struct Group {
    /// Which of the two.
    pub kind: ConversationKind,
    /// Its name.
    pub title: &'static str,
    /// Who began it.
    pub owner: &'static str,
    /// The others.
    pub members: &'static [&'static str],
    /// Those of them who look after it with the owner.
    pub admins: &'static [&'static str],
    /// What it is for.
    pub description: &'static str,
    /// What the owner announced.
    pub announcement: Option<&'static str>,
}

/// One message and what became of it.
#[derive(Clone, Copy)]
pub struct Line {
    /// Who said it.
    pub by: &'static str,
    /// What it says now.
    pub text: &'static str,
    /// What it said before it was edited.
    pub was: Option<&'static str>,
    /// The line that it answers.
    pub reply: Option<usize>,
    /// Who added which emoji.
    pub reactions: &'static [(&'static str, &'static str)],
    /// Whether its author took it back.
    pub recalled: bool,
    /// Who pinned it.
    pub pinned: Option<&'static str>,
}

const fn say(by: &'static str, text: &'static str) -> Line {
    Line { by, text, was: None, reply: None, reactions: &[], recalled: false, pinned: None }
}

impl Line {
    const fn to(mut self, line: usize) -> Self {
        self.reply = Some(line);
        self
    }

    const fn with(mut self, reactions: &'static [(&'static str, &'static str)]) -> Self {
        self.reactions = reactions;
        self
    }

    const fn was(mut self, text: &'static str) -> Self {
        self.was = Some(text);
        self
    }

    const fn recalled(mut self) -> Self {
        self.recalled = true;
        self
    }

    const fn pinned(mut self, by: &'static str) -> Self {
        self.pinned = Some(by);
        self
    }
}

/// What people have arranged for themselves.
pub enum Own {
    /// Begun and not sent, in a conversation.
    Draft(&'static str, &'static str, &'static str),
    /// A conversation that comes first.
    Pinned(&'static str, &'static str),
    /// A conversation that makes no noise.
    Muted(&'static str, &'static str),
    /// A conversation in a folder.
    Folder(&'static str, &'static str, &'static str),
    /// A line of a conversation that is kept.
    Starred(&'static str, &'static str, usize),
}

/// What waits or was agreed between two.
pub enum Between {
    /// Both know each other.
    Contacts(&'static str, &'static str),
    /// The first asks the second.
    Asked(&'static str, &'static str, &'static str),
}

/// Relations.
pub const BETWEEN: &[Between] = &[
    Between::Contacts("alice", "bob"),
    Between::Contacts("alice", "carol"),
    Between::Contacts("alice", "mei"),
    Between::Contacts("bob", "omar"),
    Between::Contacts("mei", "dave"),
    Between::Asked("dave", "alice", "We carry plates together on Thursday. Shall we keep each other’s number?"),
    Between::Asked("carol", "bob", "Carol from the harbour office. For the keys of gate 2."),
    Between::Asked("omar", "carol", "I bring the long ladder on Thursday. Where can I leave it?"),
    Between::Asked("bob", "dave", "Bob, from the printer. You have the van?"),
    Between::Asked("omar", "mei", "你好，我是欧麦尔，阿拉伯文的牌子是我写的。"),
    Between::Asked("alice", "omar", "أنا أليس، أرسم اللوحات. هل نتبادل الأرقام؟"),
];

/// What is their own.
pub const OWN: &[Own] = &[
    Own::Draft("alice", "alice-carol", "I was thinking we could ask Mei, she"),
    Own::Draft("omar", "dinner", "أحضروا معكم"),
    Own::Draft("mei", "mei-dave", "第三段我再确认一下，"),
    Own::Pinned("alice", "signage"),
    Own::Pinned("omar", "dinner"),
    Own::Pinned("mei", "hike"),
    Own::Muted("alice", "night"),
    Own::Folder("alice", "signage", "Harbour"),
    Own::Folder("alice", "notices", "Harbour"),
    Own::Folder("alice", "night", "Harbour"),
    Own::Folder("alice", "hike", "Friends"),
    Own::Folder("alice", "dinner", "Friends"),
    Own::Folder("mei", "hike", "朋友"),
    Own::Folder("omar", "dinner", "الأصدقاء"),
    Own::Starred("alice", "alice-bob", 4),
    Own::Starred("alice", "signage", 9),
];

/// The conversations; the last one comes first in lists.
pub const SCENES: &[Scene] = &[
    Scene {
        name: "night",
        place: Place::Group(Group {
            kind: ConversationKind::Group,
            title: "Night shift",
            owner: "bob",
            members: &["alice", "dave"],
            admins: &[],
            description: "Whoever is awake at the lock.",
            announcement: None,
        }),
        lines: &[
            say("bob", "The gauge at the lock shows 3.2 m, all normal."),
            say("dave", "Quiet here as well. Two boats in, none out."),
            say("bob", "Rain since two. I can see the green light, not the red one."),
            say("dave", "The gauge is quiet again."),
            say("bob", "Handover at six, the coffee is on.").with(&[("dave", "☕")]),
        ],
        unread: &[("alice", 5)],
    },
    Scene {
        name: "carol-dave",
        place: Place::Direct("carol", "dave"),
        lines: &[
            say("dave", "Are the brackets on the lamp posts ours or the town’s?"),
            say("carol", "The town’s, but we may use them. I have it in writing."),
            say("dave", "Good. I need two days for the six of them."),
            say("carol", "Wednesday and Thursday are yours.").with(&[("dave", "👍")]),
            say("dave", "Could you open gate 2 for the van at a quarter to six on Thursday?"),
        ],
        unread: &[("carol", 1)],
    },
    Scene {
        name: "mei-dave",
        place: Place::Direct("mei", "dave"),
        lines: &[
            say("dave", "晓梅，周六的集合时间改了吗？"),
            say("mei", "改到七点半了，群里也说过。").to(0),
            say("dave", "收到。我带咖啡，你带水果？"),
            say("mei", "好，我带梨。🍐").with(&[("dave", "😋")]),
            say("dave", "那条小路下过雨以后有点滑，记得穿登山鞋。"),
            say("mei", "知道了，谢谢提醒！"),
            say("mei", "我把路线图发到群里了，你帮我看看第三段对不对？"),
        ],
        unread: &[("dave", 1)],
    },
    Scene {
        name: "bob-omar",
        place: Place::Direct("bob", "omar"),
        lines: &[
            say("bob", "السلام عليكم عمر، متى نلتقي لتركيب اللوحات؟"),
            say("omar", "وعليكم السلام! يوم الخميس بعد السادسة صباحاً يناسبني."),
            say("bob", "ممتاز. هل عندك سلّم طويل؟"),
            say("omar", "عندي واحد بطول أربعة أمتار.").with(&[("bob", "👍")]),
            say("bob", "يكفي تماماً."),
            say("omar", "وصلني الملف من المطبعة، الألوان جميلة جداً."),
            say("omar", "هل تمرّ عليّ لنشرب القهوة قبل العمل؟ ☕"),
        ],
        unread: &[("bob", 2)],
    },
    Scene {
        name: "alice-carol",
        place: Place::Direct("alice", "carol"),
        lines: &[
            say("carol", "Do you have the drawing of the old lighthouse, the one with the measures?"),
            say("alice", "In the blue folder in my office. I can scan it."),
            say("carol", "That would be great. The committee meets on Tuesday."),
            say("alice", "Then you have it on Monday.").with(&[("carol", "🙏")]),
            say("carol", "One more thing: who could speak there for five minutes about the signs?"),
        ],
        unread: &[],
    },
    Scene {
        name: "dinner",
        place: Place::Group(Group {
            kind: ConversationKind::Group,
            title: "عشاء الخميس",
            owner: "omar",
            members: &["bob", "alice"],
            admins: &[],
            description: "العشاء عند عمر، كل خميس.",
            announcement: Some("يوم الخميس الساعة السابعة مساءً، عند عمر. الباب مفتوح."),
        }),
        lines: &[
            say("omar", "أهلاً بالجميع! العشاء يوم الخميس عندي في البيت، الساعة السابعة."),
            say("bob", "شكراً عمر! ماذا أحضر معي؟"),
            say("omar", "لا شيء، فقط تعالَ جائعاً 😄").to(1).with(&[("bob", "😄")]),
            say("alice", "سأحضر الحلوى!").with(&[("omar", "❤️"), ("bob", "🎉")]),
            say("bob", "هل أدعو كارول أيضاً؟"),
            say("omar", "طبعاً، البيت بيتكم.").to(4),
            say("bob", "@{omar} قالت كارول إنها ستأتي، لكنها لا تأكل السمك."),
            say("alice", "ولا أنا 🙈"),
        ],
        unread: &[("omar", 2)],
    },
    Scene {
        name: "hike",
        place: Place::Group(Group {
            kind: ConversationKind::Group,
            title: "周末爬山",
            owner: "mei",
            members: &["dave", "alice"],
            admins: &[],
            description: "每个月一次，天气好就出发。",
            announcement: Some("周六七点半，灯塔山停车场集合。下雨改到周日。"),
        }),
        lines: &[
            say("mei", "这个周六我们去灯塔山，来回大约四个小时。"),
            say("dave", "太好了，好久没去了。"),
            say("alice", "我也去！需要带什么？"),
            say("mei", "水、午饭和一件防风衣。山顶风大。").to(2).with(&[("alice", "👍"), ("dave", "👍")]),
            say("dave", "我开车，可以坐三个人。").with(&[("alice", "🙏")]),
            say("mei", "集合时间改到七点半，大家看到回一下。").was("集合时间是七点，大家看到回一下。").pinned("mei"),
            say("alice", "收到 👌").to(5),
            say("dave", "收到！").to(5),
            say("dave", "@{mei} 停车场在山脚的哪一边？导航上有两个。"),
        ],
        unread: &[("mei", 2)],
    },
    Scene {
        name: "notices",
        place: Place::Group(Group {
            kind: ConversationKind::Channel,
            title: "Harbour notices",
            owner: "carol",
            members: &["alice", "bob", "dave", "mei", "omar"],
            admins: &[],
            description: "What changes in the harbour. The office answers questions, not this channel.",
            announcement: None,
        }),
        lines: &[
            say("carol", "Welcome. Here you read what changes in the harbour."),
            say("carol", "Gate 2 closes on Thursday from 06:00 to 14:00. Please use gate 3."),
            say("carol", "The tide tables for December are at https://harbour.example/tides").with(&[("dave", "🙏")]),
            say("carol", "Strong wind from Saturday noon. The ferry may stop, so look before you leave home."),
        ],
        unread: &[("alice", 1), ("bob", 2), ("mei", 3), ("omar", 1)],
    },
    Scene {
        name: "alice-omar",
        place: Place::Direct("alice", "omar"),
        lines: &[
            say("omar", "صباح الخير أليس، راجعتُ لوحة البوابة الرابعة."),
            say("alice", "صباح النور يا عمر! هل الاتجاه صحيح؟"),
            say("omar", "نعم، لكن السهم يجب أن يكون على اليسار، لأن القراءة من اليمين.").to(1),
            say("alice", "فهمت، سأعكس اللوحة كلها.").with(&[("omar", "👍")]),
            say("omar", "شكراً! أرسليها بعد الظهر إن شاء الله."),
            say("alice", "أرسلتها الآن: https://harbour.example/pier-4-ar"),
            say("omar", "ممتازة، لا تغيّري شيئاً.").with(&[("alice", "❤️")]),
        ],
        unread: &[],
    },
    Scene {
        name: "alice-mei",
        place: Place::Direct("alice", "mei"),
        lines: &[
            say("mei", "早上好！四号码头的牌子我看过了，字距再松一点会更好读。"),
            say("alice", "好的，我今天下午改。上面的箭头也要换方向吗？"),
            say("mei", "箭头没问题。只是“市场”两个字可以再大一号。").to(1),
            say("alice", "改好了，你看看：https://harbour.example/pier-4"),
            say("mei", "漂亮！就用这一版。").with(&[("alice", "🎉")]),
            say("alice", "太好了，谢谢你！"),
            say("mei", "对了，周六爬山你来吗？天气预报说是晴天。"),
        ],
        unread: &[("alice", 1)],
    },
    Scene {
        name: "signage",
        place: Place::Group(Group {
            kind: ConversationKind::Group,
            title: "Harbour signage",
            owner: "alice",
            members: &["bob", "carol", "dave", "mei", "omar"],
            admins: &["carol"],
            description: "New signs for six gates, in three languages, before the first ferry of December.",
            announcement: Some("Plates on Thursday from six o’clock, starting at gate 1. Bring gloves."),
        }),
        lines: &[
            say("carol", "Walk-through on Friday, 09:00, starting at gate 1. Bring a marker."),
            say("bob", "The first six plates are back from the printer. The russet is exactly right."),
            say("alice", "That is a relief. Did they keep the round corners?").to(1),
            say("bob", "They did. 18 mm, as drawn.").with(&[("alice", "👍"), ("dave", "🎉")]),
            say(
                "dave",
                "Gate 2 is hidden behind the fish cart on market days. Could the arrow go on the lamp post instead?",
            ),
            say("carol", "The lamp post belongs to the town. I’ll ask.").to(4),
            say("mei", "The Chinese for gate 4 is ready: 码头4号 · 市场").with(&[("alice", "❤️"), ("carol", "👍")]),
            say("omar", "And the Arabic: رصيف ٤ – السوق").with(&[("mei", "👏"), ("alice", "❤️")]),
            say("alice", "Both look lovely on the plate. Thank you!").to(7),
            say("carol", "Town hall says yes to the lamp post, if we use the old brackets.")
                .to(5)
                .with(&[("dave", "🎉"), ("bob", "🎉")]),
            say("dave", "They fit. I measured them this morning: 64 mm."),
            say("bob", "The lift sign points at a wall."),
            say("bob", "Everything else is lovely."),
            say("carol", "Which lift, the one by the ticket office?").to(11),
            say("bob", "Yes. The arrow should go left, not right.").to(13),
            say("alice", "My mistake, I drew it from the wrong side. New file tonight.")
                .to(14)
                .with(&[("bob", "👍"), ("carol", "👍")]),
            say("dave", "Wrong chat, sorry.").recalled(),
            say(
                "omar",
                "Is there room for a small map under gate 3? Half of the people ask me the way to the slipway.",
            ),
            say("mei", "A map would help. I can translate the legend.").to(17).with(&[("omar", "🙏")]),
            say("alice", "There is room, if we drop the second telephone number: https://harbour.example/map"),
            say("carol", "Plates on Thursday, posters up on Friday.")
                .was("Plates on Wednesday, posters up on Friday.")
                .with(&[("bob", "👍"), ("dave", "👍"), ("mei", "👍")])
                .pinned("carol"),
            say("dave", "I can take the van on Thursday. Who helps me carry?"),
            say("bob", "I do. Six o’clock?").to(21).with(&[("omar", "💪")]),
            say("omar", "@{dave} the ladder is in my hall, ring twice."),
            say("carol", "@{alice} can you check the arrows on the new file before I send it? Gate 3 and the lift."),
            say("mei", "I’ll be there at half past six, with tea for everybody.").with(&[("carol", "❤️")]),
        ],
        unread: &[("alice", 5), ("dave", 3), ("bob", 1)],
    },
    Scene {
        name: "alice-bob",
        place: Place::Direct("alice", "bob"),
        lines: &[
            say("bob", "Morning! Did the proof for the ferry poster arrive?"),
            say("alice", "It did, ten minutes ago. The blue is a little cold, the rest is good."),
            say("bob", "I can ask for five per cent more yellow."),
            say("alice", "Please do. And could the time be one size larger?").with(&[("bob", "👍")]),
            say("bob", "Sure. The paint code for the railing is 7016, in case somebody asks."),
            say("alice", "Somebody asked yesterday. Thanks!").to(4),
            say("alice", "Lunch at the slipway? The soup is back."),
            say("bob", "Half past twelve.").to(6).with(&[("alice", "😋")]),
            say("bob", "The printer called: the new proof is ready at three."),
            say("bob", "I can pick it up and bring it to you, if you are still at the office then."),
        ],
        unread: &[("alice", 2)],
    },
];
