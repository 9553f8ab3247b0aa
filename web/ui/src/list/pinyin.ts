/**
 * Han read as pinyin, without a dictionary: `Intl.Collator` orders Han by its reading, so it is enough to know with which
 * character each of the 400 syllables begins in that order.
 */

const SYLLABLES =
  "a吖ai哎an安ang肮ao凹ba八bai掰ban扳bang邦bao勹bei卑ben奔beng崩bi逼bian边biao灬bie憋bin玢bing冫bo拨bu逋ca嚓cai猜can参cang仓cao操ce册" +
  "cen岑ceng噌cha叉chai拆chan觇chang伥chao抄che车chen抻cheng柽chi吃chong充chou抽chu出chuai揣chuan巛chuang疮chui吹chun春chuo踔" +
  "ci呲cong匆cou凑cu粗cuan汆cui崔cun村cuo搓da哒dai呆dan丹dang当dao刀de得deng灯di氐dia嗲dian掂diao刁die爹ding丁diu丢dong东dou都du嘟" +
  "duan端dui堆dun吨duo多e婀ei诶en恩er儿fa发fan帆fang匚fei飞fen分feng丰fou缶fu夫ga旮gai该gan甘gang冈gao皋ge戈gei给gen根geng庚gong工" +
  "gou勾gu估gua瓜guai乖guan关guang光gui归gun丨guo呙ha哈hai咳han顸hang夯hao蒿he诃hei黑hen痕heng亨hong轰hou侯hu乎hua花huai怀huan欢" +
  "huang肓hui灰hun昏huo耠ji丌jia加jian戋jiang江jiao艽jie阶jin巾jing京jiong冂jiu纠ju居juan娟jue噘jun军ka咔kai开kan刊kang康kao尻ke苛" +
  "ken肯keng吭kong空kou抠ku刳kua夸kuai蒯kuan宽kuang匡kui亏kun坤kuo扩la垃lai来lan兰lang啷lao捞le仂lei雷leng塄li哩lia俩lian奁liang良" +
  "liao撩lie咧lin拎ling伶liu溜long龙lou娄lu噜lv驴luan娈lun抡luo罗ma妈mai埋man颟mang邙mao猫me么mei没men门meng虻mi咪mian宀miao喵mie乜" +
  "min民ming名miu谬mo摸mou哞mu毪na拿nai乃nan囡nang囔nao孬ne疒nei馁nen恁neng能ng嗯ni妮nian拈niang娘niao鸟nie捏nin您ning宁niu妞nong农" +
  "nou耨nu奴nv女nve疟nuo挪o喔ou讴pa趴pai拍pan潘pang乓pao抛pei呸pen喷peng怦pi丕pian偏piao剽pie氕pin姘ping乒po钋pou剖pu仆qi七qia掐qian千" +
  "qiang呛qiao悄qie且qin亲qing青qiong邛qiu丘qu区quan悛que炔qun逡ran蚺rang禳rao娆re惹ren人reng扔ri日rong戎rou柔ru如ruan阮rui蕤run闰" +
  "ruo若sa仨sai塞san三sang桑sao搔se色sen森seng僧sha杀shai筛shan山shang伤shao捎she奢shei谁shen申sheng升shi尸shou收shu书shua刷" +
  "shuai衰shuan闩shuang双shui水shun吮shuo说si厶song忪sou嗖su苏suan狻sui虽sun孙suo唆ta他tai胎tan坍tang汤tao涛te忑teng疼ti剔tian天" +
  "tiao佻tie帖ting厅tong通tou偷tu凸tuan湍tui推tun吞tuo乇wa挖wai歪wan弯wang尢wei危wen温weng翁wo挝wu乌xi夕xia呷xian仙xiang乡xiao枭" +
  "xie些xin心xing星xiong凶xiu休xu吁xuan轩xue削xun勋ya丫yan恹yang央yao幺ye掖yi一yin因ying应yo哟yong佣you优yu纡yuan鸢yue曰yun晕za匝" +
  "zai灾zan糌zang赃zao遭ze则zei贼zen怎zeng增zha扎zhai斋zhan沾zhang张zhao钊zhe蜇zhen贞zheng争zhi之zhong中zhou州zhu朱zhua抓zhuai拽" +
  "zhuan专zhuang妆zhui隹zhun肫zhuo拙zi孜zong宗zou邹zu租zuan钻zui嘴zun尊zuo嘬";

/** Surnames that are read in another way than the same character elsewhere. */
const SURNAMES: Readonly<Record<string, string>> = {
  曾: "zeng", 单: "shan", 解: "xie", 仇: "qiu", 区: "ou", 查: "zha", 朴: "piao", 翟: "zhai", 乐: "yue", 盖: "ge", 覃: "qin", 员: "yun", 尉: "yu",
};

const HAN = /\p{Script=Han}/u;

const syllables: string[] = [];
const firsts: string[] = [];
for (const [, syllable, first] of SYLLABLES.matchAll(/([a-z]+)([^a-z])/g)) {
  syllables.push(syllable!);
  firsts.push(first!);
}
const collator = new Intl.Collator("zh-u-co-pinyin");
/** A browser without that order would read nonsense: it reads nothing instead. */
const isOrdered = firsts.every((first, i) => i === 0 || collator.compare(firsts[i - 1]!, first) < 0);

/** The syllable of one character; empty where it has none. */
export function syllableOf(character: string): string {
  if (!isOrdered || !HAN.test(character)) return "";
  let low = 0;
  let high = firsts.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (collator.compare(firsts[middle]!, character) <= 0) low = middle + 1;
    else high = middle;
  }
  return low > 0 ? syllables[low - 1]! : "";
}

const spelled = new Map<string, { full: string; initials: string } | null>();
/** Names of a large account, and no more. */
const SPELLED_MAX = 20_000;

/** How a name is read, `gumingyuan`, and its initials, `gmy`; null where there is no Han in it. */
export function spell(name: string): { readonly full: string; readonly initials: string } | null {
  const known = spelled.get(name);
  if (known !== undefined) return known;
  if (spelled.size >= SPELLED_MAX) spelled.clear();
  let full = "";
  let initials = "";
  let isHan = false;
  for (const character of name) {
    const syllable = (full === "" && SURNAMES[character]) || syllableOf(character);
    isHan ||= syllable !== "";
    const part = syllable || (/[\p{L}\p{N}]/u.test(character) ? character.toLowerCase() : "");
    full += part;
    initials += part.slice(0, 1);
  }
  const read = isHan ? { full, initials } : null;
  spelled.set(name, read);
  return read;
}
